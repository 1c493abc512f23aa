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
from train.gate.count import DRAWN, FILMS, OTHER, PICTURES, SPOILED, Case

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
    table = pd.DataFrame(
        [(f"{split}{i}.png", "clinic", f"p{split}{i}", split, "") for split in ("train", "test") for i in range(4)]
        + [("ct.png", "clinic", "ptest1", "", "CT"), ("side.png", "clinic", "ptrain1", "", "lateral view")],
        columns=["path", "source", "group", "split", "rejected"],
    )
    (tmp_path / "list.csv").write_text("path,package,kind,part\na.png,a,mri,test\nb.png,b,photo,train\n")
    found = count.cases(table, tmp_path, tmp_path, each=3)
    by_group = {group: [case for case in found if case.group == group] for group in (FILMS, SPOILED, OTHER, PICTURES)}
    assert {case.path.name[:4] for case in by_group[FILMS] + by_group[SPOILED]} == {"test"}
    assert len(by_group[SPOILED]) == 3 * len(spoiled.KINDS)
    assert [(case.path.name, case.right) for case in by_group[OTHER]] == [("ct.png", (refusal.CT,))]
    assert [(case.path.name, case.kind) for case in by_group[PICTURES]] == [("a.png", "mri")]
    assert len(found) == 4 + 1 + 1 + 3 * (len(spoiled.KINDS) + len(drawn.KINDS))


def test_a_case_is_shown_to_the_real_path(classifier, film):
    assert count.show(Case(FILMS, "clinic", film, ()), classifier).answer == ""
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
