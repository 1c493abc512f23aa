"""Verdicts from the film's file on, in one runtime and in another."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from convert.verify import agreement, runtimes
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import decision, screening
from edge_app.screening.result import Rejection
from edge_app.sources import sample
from tests.support.checkout import ROOT
from tests.support.films import draw_film

FILMS = 6


@pytest.fixture(scope="module")
def model():
    return model_file.read(ROOT / "models/covid-xray-short-int8.tflite")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return a folder and its films, the last of which shows nothing."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(FILMS):
        Image.fromarray(draw_film(number, 300, 280, opacity=number / FILMS)).save(folder / f"{number}.png")
    Image.fromarray(np.full((300, 280), 90, np.uint8)).save(folder / f"{FILMS}.png")
    return folder, pd.DataFrame({"path": [f"{i}.png" for i in range(FILMS + 1)], "group": range(FILMS + 1)})


def test_answers_are_those_of_the_edge(model, films):
    """LiteRT in a process of its own, its answers replayed, against the edge's own classifier."""
    folder, table = films
    paths = [sample.path(), *(folder / path for path in table["path"][:FILMS])]
    greys = [radiograph.read(path, preprocess.least_side(model.card.size)) for path in paths]
    found = agreement.answers(model, greys, runtimes.here()[0], "refer")
    one = Classifier(model, threads=1)
    assert found[0][1] is not None  # the sample, a radiograph, is judged; the gate may refuse drawn films
    for (verdict, scores), grey in zip(found, greys, strict=True):
        seen = screening.infer(grey, one)
        if isinstance(seen, Rejection):
            assert (verdict, scores) == (seen.refusal.kind, None)
        else:
            assert verdict == decision.decide(seen.scores, *model.card.limits("refer"))
            assert scores == pytest.approx(seen.scores, abs=1e-6)


def test_what_differs_is_counted(monkeypatch):
    given = {
        "here": [("covid", {"covid": 0.9}), ("refused", None), ("normal", {"covid": 0.1}), ("normal", {"covid": 0.2})],
        "there": [("covid", {"covid": 0.7}), ("refused", None), ("unsure", {"covid": 0.2}), ("refused", None)],
    }
    expected, other = given.values()
    found = agreement._differences(expected, other, np.arange(4))
    assert (found["films"], found["same_verdict"]["value"]) == (4, 0.5)
    assert (found["mean_apart"], found["most_apart"]) == (pytest.approx(0.15), pytest.approx(0.2))
    table = agreement.text({"compared_with": "here", "films": 4, "places": {"there": found}})
    assert "| there | 4 | 0.500 (" in table
    assert "| 0.1500 | 0.200 |" in table


def test_an_emulated_place_is_given_some_of_the_films(model, films, monkeypatch):
    folder, table = films
    asked = {}

    def answers(_, greys, place, rule):
        asked[place.name] = len(greys)
        return [("normal", {"covid": 0.1})] * len(greys)

    monkeypatch.setattr(agreement, "answers", answers)
    monkeypatch.setattr(agreement, "EMULATED_FILMS", 2)
    places = [runtimes.Place(name, "", (), folder if name == "arm" else None) for name in ("first", "second", "arm")]
    found = agreement.measure(model, table, folder, places, "refer")
    assert asked == {"first": FILMS + 1, "second": FILMS + 1, "arm": 2}
    assert [one["same_verdict"]["value"] for one in found["places"].values()] == [1.0, 1.0]
