"""From paths to outcomes, with real children and the small real model: every film gets one, in order."""

import hashlib
import threading
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from edge_app.gate import refusal
from edge_app.imaging import preprocess, radiograph
from edge_app.model import classifier, model_file
from edge_app.screening import decision, screening
from edge_app.screening.result import Failed, Judged, Known, Refused
from edge_app.sources import sample
from edge_app.workers import pipeline
from edge_app.workers.decode_pool import DecodePool
from tests.support.films import draw_film


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return twelve films, clear and opaque in turn."""
    folder = tmp_path_factory.mktemp("films")
    paths = [folder / f"film{number:02}.{'png' if number % 3 else 'jpg'}" for number in range(12)]
    for number, path in enumerate(paths):
        Image.fromarray(draw_film(1000 + number, 300, 260, opacity=number % 2)).save(path)
    return paths


@pytest.fixture
def pool():
    """Return a pool of two workers."""
    with DecodePool(children=2, awake=2) as pool:
        yield pool


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_outcomes_are_those_of_one_film_at_a_time(films, classifier, pool):
    limits = classifier.card.limits("balanced")
    outcomes = list(pipeline.results(films, classifier, pool, limits))
    assert [outcome.path for outcome in outcomes] == films
    for outcome in outcomes:
        grey = radiograph.read(outcome.path, preprocess.least_side(classifier.card.size))
        alone = screening.judge(grey, classifier, limits)
        assert isinstance(outcome, Judged)
        assert (outcome.verdict, outcome.inference.scores) == (alone.verdict, alone.inference.scores)
        assert (outcome.sha256, outcome.grey) == (_sha256(outcome.path), None)
        assert 0 < outcome.ms < 60_000
    assert len({outcome.verdict for outcome in outcomes}) > 1


def test_a_film_is_given_along_if_it_is_wanted(films, classifier, pool):
    (outcome,) = pipeline.results(films[:1], classifier, pool, classifier.card.limits("refer"), keep_grey=True)
    assert np.array_equal(outcome.grey, radiograph.read(films[0], preprocess.least_side(classifier.card.size)))


def test_a_bad_film_becomes_an_error_and_the_run_goes_on(films, classifier, pool, tmp_path):
    cut, gone = tmp_path / "cut.png", tmp_path / "gone.png"
    cut.write_bytes(films[1].read_bytes()[:999])
    paths = [films[0], cut, gone, *films[1:]]
    outcomes = {
        outcome.path: outcome for outcome in pipeline.results(paths, classifier, pool, classifier.card.limits("refer"))
    }
    assert list(outcomes) == paths
    assert outcomes[cut].error.startswith(f"{cut}: is damaged or cut off")
    assert outcomes[cut].sha256 == _sha256(cut)
    assert outcomes[gone].error == f"{gone}: there is no such file; check the name."
    assert outcomes[gone].sha256 == ""
    assert all(isinstance(outcomes[path], Failed) == (path not in films) for path in paths)


def test_a_blank_film_is_refused_and_is_no_error(classifier, pool, tmp_path):
    path = tmp_path / "blank.png"
    Image.new("L", (300, 300), 90).save(path)
    (outcome,) = pipeline.results([path], classifier, pool, classifier.card.limits("refer"))
    assert isinstance(outcome, Refused)
    assert (outcome.verdict, outcome.refusal.kind) == (decision.REFUSED, refusal.BLANK)


def test_a_child_is_refused(films, classifier, pool):
    limits = classifier.card.limits("refer")
    ((_, film),) = pool.films(films[:1])
    for age, refused in ((6.5, True), (64, False), (None, False)):
        outcome = pipeline.judged(films[0], film._replace(age=age), classifier, limits)
        assert isinstance(outcome, Judged | Refused)
        assert (isinstance(outcome, Refused) and outcome.refusal.kind == refusal.CHILD) == refused


@pytest.mark.parametrize(("age", "refused"), [("010Y", True), ("016Y", False), ("", False)])
def test_a_dicom_file_of_a_child_is_refused(classifier, pool, tmp_path, age, refused):
    data_set = pydicom.dcmread(sample.path())
    data_set.PatientAge = age
    data_set.PatientBirthDate = ""
    path = tmp_path / "film.dcm"
    data_set.save_as(path)
    (outcome,) = pipeline.results([path], classifier, pool, classifier.card.limits("refer"))
    assert isinstance(outcome, Judged | Refused)
    assert (isinstance(outcome, Refused) and outcome.refusal.kind == refusal.CHILD) == refused


def test_a_film_that_is_known_is_not_judged_again(films, classifier, pool, tmp_path):
    copy = tmp_path / "renamed"
    copy.write_bytes(films[2].read_bytes())
    sha256 = _sha256(films[2])
    kept = {"path": f"{films[2]}", "sha256": sha256, "verdict": decision.NORMAL}

    def known(path, of):
        return Known(path, kept) if of == sha256 else None

    limits = classifier.card.limits("refer")
    outcomes = list(pipeline.results([films[1], copy, films[3]], classifier, pool, limits, known=known))
    assert [type(outcome) for outcome in outcomes] == [Judged, Known, Judged]
    assert outcomes[1].path == copy
    assert outcomes[1].row()["verdict"] == decision.NORMAL


def test_a_fault_of_this_program_is_told_and_the_run_goes_on(films, classifier, pool):
    limits = ({"covid": 0.5, "pneumonia": "half"}, None)  # compares with no number
    outcomes = list(pipeline.results(films, classifier, pool, limits))
    assert [outcome.path for outcome in outcomes] == films
    faults = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
    assert faults
    assert all("failed inside this program (TypeError: " in fault for fault in faults)


def test_a_source_that_waits_gets_each_outcome_as_it_is_ready(films, classifier, pool):
    done: list[Path] = []

    def arriving():
        for path in films[:4]:
            yield path
            while path not in done:
                yield None

    for outcome in pipeline.results(arriving(), classifier, pool, classifier.card.limits("refer")):
        done.append(outcome.path)
    assert done == films[:4]


@pytest.mark.parametrize("taken", [1, 5, 12])
def test_no_thread_is_left_behind(films, classifier, pool, taken):
    before = set(threading.enumerate())  # of other tests, too, which may end meanwhile
    found = pipeline.results(films, classifier, pool, classifier.card.limits("refer"))
    outcomes = [next(found) for _ in range(taken)]
    assert [outcome.path for outcome in outcomes] == films[:taken]
    if taken > 1:
        assert len(set(threading.enumerate()) - before) == pipeline.JUDGES
    found.close()
    assert set(threading.enumerate()) <= before


def test_a_single_film_builds_no_second_pair_of_networks(films, model_path, pool):
    alone = classifier.Classifier(model_file.read(model_path))
    list(pipeline.results(films[:1], alone, pool, alone.card.limits("refer")))
    assert "twin" not in vars(alone)
    list(pipeline.results(films[:4], alone, pool, alone.card.limits("refer")))
    assert vars(alone)["twin"] is not alone


def test_where_there_is_no_room_for_a_second_pair_one_does(films, model_path, pool, monkeypatch):
    alone = classifier.Classifier(model_file.read(model_path))

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(classifier, "Classifier", full)
    outcomes = list(pipeline.results(films, alone, pool, alone.card.limits("refer")))
    assert [(outcome.path, type(outcome)) for outcome in outcomes] == [(path, Judged) for path in films]
