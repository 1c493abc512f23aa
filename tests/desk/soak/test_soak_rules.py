"""The rules by which a soak is judged: what is planted is found, and what is well passes."""

import csv
import json

import pytest

from tests.system.soak import plot, verdict

SERVICES, WAYS = verdict.SERVICES, verdict.WAYS
# A run of ten minutes, sampled every ten seconds; a film a second by each way.
SECONDS, EVERY = 600, 10
ACCOUNT = {
    **{way: [600, 0, 0] for way in ("page", "folder", "dicom")},
    "camera": [90, 100],
    "events": {"made": 50, "delivered": 40, "twice": 0, "waiting": 4, "dropped": 6},
    "integrity": "ok",
    "codes": dict.fromkeys(SERVICES, 143),
}


def sample(second: int) -> dict:
    """Return figures that are steady but for a little noise."""
    noise = (second * 7919) % 13 / 13
    found = {"second": second, "group_anonymous": 6e8 + 1e6 * noise, "group_kills": 0, "group_limit_met": 9}
    for name in SERVICES:
        found |= {f"{name}_pss_mb": 150 + noise, f"{name}_descriptors": 40 + (noise > 0.8), f"{name}_threads": 12}
        found |= {f"{name}_children": 3, f"{name}_starts": 1, f"{name}_silence": 30}
    found |= {"group_peak": 9e8, "kept_films_mb": 39, "events_waiting": 5, "results_waiting": 3, "readings": second}
    return found | {"run_files": 2, "run_mb": 0.1}


def written(place, change=lambda row: {}, slow=lambda second: 1.0, golden=lambda second: "same", **account):
    """Write a run as the soak does, with something planted; return the rules that it breaks."""
    rows = [(row := sample(second)) | change(row) for second in range(0, SECONDS + 1, EVERY)]
    with (place / "samples.csv").open("w", newline="") as file:
        out = csv.DictWriter(file, list(rows[0]))
        out.writeheader()
        out.writerows(rows)
    seconds = range(SECONDS)
    answers = [(one, way, slow(one) * (1 + one % 7 / 10), "judged") for one in seconds for way in WAYS]
    told = [(one, way, golden(one)) for one in seconds[::60] for way in WAYS]
    for name, columns, found in (("answers", 4, answers), ("golden", 3, told)):
        with (place / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["column"] * columns, *found])
    (place / "account.json").write_text(json.dumps(ACCOUNT | account))
    found = verdict.read(place)
    return found, [rule.asked for rule in verdict.rules(found) if not rule.holds]


def test_a_run_that_is_well_breaks_no_rule_and_is_plotted(tmp_path):
    found, broken = written(tmp_path)
    assert broken == []
    table = verdict.table(found, verdict.rules(found))
    assert "600 judged" in table and "FAIL" not in table
    plot.draw(found, tmp_path / "soak.png")
    assert (tmp_path / "soak.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ({"change": lambda row: {"page_pss_mb": 150 + row["second"] / 30}}, "memory of page (PSS, MB) does not grow"),
        ({"change": lambda row: {"dicom_descriptors": 40 + row["second"] // 60}}, "descriptors of dicom stay"),
        ({"change": lambda row: {"watch_threads": 6 + row["second"] // 60}}, "threads of watch stay"),
        ({"change": lambda row: {"run_files": row["second"]}}, "files in /run stay"),
        ({"change": lambda row: {"camera_starts": 1 + (row["second"] > 300)}}, "no service dies"),
        ({"change": lambda row: {"group_kills": int(row["second"] > 300)}}, "nothing is killed for memory"),
        ({"change": lambda row: {"kept_films_mb": 41}}, "films for the viewer stay within 40 MB"),
        ({"slow": lambda second: 1 + second / 300}, "95 of 100 films of page take as long as before"),
        ({"golden": lambda second: f"{second > 300}"}, "the golden film by camera is answered alike"),
        ({"folder": [600, 1, 0]}, "every film of folder is kept once"),
        ({"dicom": [600, 0, 1]}, "every film of dicom is kept once"),
        ({"integrity": "row 3 missing"}, "the store is whole"),
        (
            {"events": {"made": 51, "delivered": 40, "twice": 0, "waiting": 4, "dropped": 6}},
            "every event arrives, waits or was given up by the full queue",
        ),
    ],
)
def test_what_is_planted_is_found(tmp_path, planted, rule):
    assert rule in written(tmp_path, **planted)[1]


def test_a_run_that_was_cut_is_judged_by_what_it_wrote(tmp_path):
    written(tmp_path)
    (tmp_path / "account.json").unlink()
    with (tmp_path / "answers.csv").open("a") as file:
        file.write("600.1,pa")
    found = verdict.read(tmp_path)
    assert len(found.answers) == SECONDS * len(WAYS)
    assert [rule.asked for rule in verdict.rules(found) if not rule.holds] == ["every film is accounted for once"]
