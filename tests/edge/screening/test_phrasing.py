"""Words that every command shares."""

import pytest

from edge_app.screening.phrasing import shorten

UID = "1.2.840.113619.2.55.3.2831178355.123.1234567890"


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("ward/film.png", 18, "ward/film.png"),
        ("/mnt/pacs/2026/november/ward 3/film.png", 24, "...ember/ward 3/film.png"),
        (f"/mnt/pacs/ward/{UID}.dcm", 40, "ward/....3.2831178355.123.1234567890.dcm"),
        (f"/mnt/pacs/patient-0017/{UID}.dcm", 18, "...017/...7890.dcm"),
        (f"{UID}.dcm", 18, "....1234567890.dcm"),
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "...efg"),
        ("ab/cdefg", 7, "ab/...g"),
        ("folder/abc.png", 12, "...r/abc.png"),  # one letter of the folder fits
        ("folder/abc.png", 11, ".../abc.png"),
    ],
)
def test_a_long_path_keeps_the_end_of_its_name_and_of_its_folder(text, width, expected):
    assert shorten(text, width) == expected
    assert len(expected) <= width
