"""What the gate refuses is counted over the path the edge runs."""

from pathlib import Path

import cv2
import pandas as pd
import pytest

from edge_app.gate import refusal
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from tests.support.films import draw_film
from train.gate import count, drawn, spoiled
from train.gate.count import DRAWN, FILMS, FRAMED, OTHER, PICTURES, SPOILED, Case
from train.index.listed_film import CT, LABEL_MISSING, LATERAL_VIEW, NOT_CHEST

MODEL = Path(__file__).parents[2] / "golden" / "tiny-int8.tflite"


@pytest.fixture(scope="module")
def classifier():
    return Classifier(model_file.read(MODEL), threads=1)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("films") / "film.png"
    cv2.imwrite(str(path), draw_film(2, 400, 340))
    return path


def test_cases_are_test_films_and_test_pictures_only(tmp_path):
    films = [
        (f"{split}{i}.png", "clinic", f"p{split}{i}", split, "", "No Finding")
        for split in ("train", "test")
        for i in range(4)
    ]
    kept_out = [
        ("ct.png", "clinic", "ptest1", "", CT, ""),
        ("side.png", "clinic", "ptrain1", "", LATERAL_VIEW, ""),
        ("hand.png", "clinic", "ptest2", "", NOT_CHEST, "notchest: hand"),
        ("test-unlabelled.png", "clinic", "ptest3", "", LABEL_MISSING, "chest_frontal: chest"),
        ("test-unknown.png", "clinic", "ptest3", "", LABEL_MISSING, ""),
    ]
    columns = ["path", "source", "group", "split", "rejected", "finding"]
    table = pd.DataFrame(films + kept_out, columns=columns)
    (tmp_path / "list.csv").write_text("path,package,kind,part\na.png,a,mri,test\nb.png,b,photo,train\n")
    found = count.cases(table, tmp_path, tmp_path, each=3)
    groups = (FILMS, FRAMED, SPOILED, OTHER, PICTURES)
    by_group = {group: [case for case in found if case.group == group] for group in groups}
    assert {case.path.name[:4] for group in groups[:3] for case in by_group[group]} == {"test"}
    assert [case.path.name for case in by_group[FILMS]][4:] == ["test-unlabelled.png"]
    assert len(by_group[FRAMED]) == 4
    assert len(by_group[SPOILED]) == 3 * len(spoiled.KINDS)
    right = [(case.path.name, case.right) for case in by_group[OTHER]]
    assert right == [("ct.png", (refusal.CT,)), ("hand.png", (refusal.PART,))]
    assert [(case.path.name, case.kind) for case in by_group[PICTURES]] == [("a.png", "mri")]
    assert len(found) == 5 + 4 + 2 + 1 + 3 * (len(spoiled.KINDS) + len(drawn.KINDS))


def test_a_case_is_shown_to_the_real_path(classifier, film):
    assert count.show(Case(FILMS, "clinic", film, ()), classifier).answer == ""
    framed = [count.show(Case(FRAMED, "clinic", film, (), seed), classifier).answer for seed in range(8)]
    assert "" in framed
    blank = count.show(Case(DRAWN, "blank", None, (refusal.BLANK,)), classifier)
    assert blank.answer == refusal.BLANK
    assert blank.is_right
    cut = count.show(Case(SPOILED, "one lung", film, spoiled.reasons("one lung"), 1), classifier)
    assert cut.small == (cut.answer == refusal.SMALL)


def test_an_unreadable_file_is_refused_for_no_right_reason(classifier, tmp_path):
    (tmp_path / "x.png").write_text("nothing")
    shown = count.show(Case(PICTURES, "photo", tmp_path / "x.png", (refusal.PICTURE,)), classifier)
    assert (shown.answer, shown.is_right) == ("unreadable", False)


def test_figures_and_their_table():
    def case(answer, group=PICTURES, kind="photo"):
        return Case(group, kind, None, (refusal.PICTURE,), answer=answer)

    figures = count.measure([case(refusal.PICTURE)] * 8 + [case(refusal.NOISE)] + [case("")])
    photo = figures[PICTURES]["photo"]
    assert photo == figures[PICTURES]["all"]
    assert photo["refused"]["value"] == pytest.approx(0.9)
    assert photo["refused"]["low"] < 0.9 < photo["refused"]["high"]
    assert photo["right"]["value"] == pytest.approx(8 / 9)
    assert photo["said"] == {refusal.PICTURE: 8, refusal.NOISE: 1, "": 1}
    assert "0.900 (0.555 to 0.997)" in count.describe(figures)


def test_too_few_pixels_is_right_of_what_has_too_few():
    given = {"answer": refusal.SMALL, "right": (refusal.CUT,)}
    assert Case(SPOILED, "one lung", None, small=True, **given).is_right
    assert not Case(SPOILED, "one lung", None, small=False, **given).is_right


def test_a_record_has_paths_as_the_index_has_them(tmp_path):
    folders = (tmp_path / "data", tmp_path / "pictures")
    assert count._named(tmp_path / "data/a/film.png", folders) == "a/film.png"
    assert count._named(tmp_path / "pictures/b.jpg", folders) == "b.jpg"
    assert count._named(None, folders) == ""
