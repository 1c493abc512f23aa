"""From a video of a film on a light box to its verdict: stability, aggregation, one reading a film, refusals."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import film_view, outline, straighten
from edge_app.camera.detect.advice import FAR, GLARE, NO_FILM, SEVERAL
from edge_app.camera.detect.frame_quality import GLARE as GLARE_FIGURE
from edge_app.camera.loop import aggregate, stability
from edge_app.camera.ui import screen
from edge_app.commands.cli import main
from edge_app.model import model_file
from edge_app.outputs import pictures
from edge_app.screening import decision, run_context
from edge_app.screening.finding import SUSPECTED, UNSURE
from edge_app.screening.result import Failed, Judged
from tests.support import results
from tests.support.films import draw_film
from tests.support.light_box import FILM, SIZE, box, corners

LIMITS = ({"covid": 0.6, "pneumonia": 0.5}, {"covid": (0.2, 0.6)})


@pytest.mark.parametrize("tilt", [0.0, 0.04])
def test_a_film_on_a_light_box_is_found_and_straightened(tilt):
    frame = box(FILM, tilt=tilt)
    found = outline.find(frame)
    assert len(found) == 1
    wanted = corners(FILM, tilt=tilt)
    assert np.abs(found[0].corners - wanted).max() < 0.02 * 450
    flat = straighten.straighten(frame, found[0].corners)
    assert flat.shape[1] / flat.shape[0] == pytest.approx(600 / 720, rel=0.06)
    small = [cv2.resize(one, (60, 72), interpolation=cv2.INTER_AREA).ravel() for one in (flat, FILM)]
    assert np.corrcoef(small)[0, 1] > 0.97
    mirrored = cv2.resize(FILM[:, ::-1], (60, 72), interpolation=cv2.INTER_AREA).ravel()
    assert np.corrcoef(small[0], mirrored)[0, 1] < np.corrcoef(small)[0, 1]


def test_nothing_in_view_is_said():
    for frame in (box(None), np.full((720, 1280, 3), 90, np.uint8)):
        view = film_view.look(frame)
        assert [one.kind for one in view.advice] == [NO_FILM]
        assert not view.ready


def test_what_has_not_changed_is_not_looked_at_again(monkeypatch):
    frame = np.full((720, 1280, 3), 90, np.uint8)
    before = film_view.look(frame)
    monkeypatch.setattr(outline, "search", None)
    assert film_view.look(frame, before) is before


def test_advice_names_what_is_wrong_and_where():
    far = film_view.look(box(FILM, left=600, top=250, height=200))
    assert FAR in [one.kind for one in far.advice] and not far.ready
    frame = box(FILM)
    cv2.circle(frame, (500, 180), 70, (255, 255, 255), -1)
    lit = film_view.look(frame)
    said = {one.kind: one for one in lit.advice}
    assert "upper left" in said[GLARE].sentence and lit.figures[GLARE_FIGURE] > 0.9
    good = film_view.look(box(FILM))
    assert good.ready, good.advice


def test_two_films_in_view_are_said():
    frame = box(FILM, left=200, height=460)
    other = box(FILM, left=660, height=460)
    frame[:, 640:] = other[:, 640:]
    frame[100:560, 600:640] = 250
    assert SEVERAL in [one.kind for one in film_view.look(frame).advice]


def judged(covid: float, pneumonia: float = 0.1) -> Judged:
    """Return the result of a frame."""
    scores = {"normal": 1 - covid, "covid": covid, "pneumonia": pneumonia}
    return results.judged("", "", decision.decide(scores, *LIMITS), results.inference(scores))


def test_the_median_decides_and_the_spread_is_told():
    result, spread, at = aggregate.combine([judged(score) for score in (0.9, 0.7, 0.65, 0.8, 0.1)], LIMITS)
    assert result.verdict == decision.COVID
    assert result.inference.scores["covid"] == 0.7 and spread["covid"] == (0.1, 0.9) and at == 1


def test_a_film_is_not_cleared_while_one_frame_suspects_it():
    assert aggregate.combine([judged(0.1)] * 4 + [judged(0.9)], LIMITS)[0].verdict == decision.UNSURE
    assert aggregate.combine([judged(0.1)] * 5, LIMITS)[0].verdict == decision.NORMAL


def test_a_film_that_one_frame_makes_unsure_still_says_that_pneumonia_is_suspected():
    result, *_ = aggregate.combine([judged(0.1, 0.9)] * 4 + [judged(0.9)], LIMITS)
    assert {label: one.answer for label, one in result.findings.items()} == {"covid": UNSURE, "pneumonia": SUSPECTED}
    assert (result.findings["covid"].score, result.verdict) == (0.1, decision.UNSURE)


def test_a_film_is_refused_if_most_of_its_frames_are():
    blurred, cut = (results.refused("", "", kind) for kind in ("poor photograph", "lungs cut off"))
    result, spread, _ = aggregate.combine([blurred, cut, cut], LIMITS)
    assert (result.verdict, result.refusal.kind, spread) == (decision.REFUSED, "lungs cut off", {})
    assert aggregate.combine([judged(0.1), cut, judged(0.1)], LIMITS)[0].verdict == decision.NORMAL


def frames(pictures, rate: float = 10):
    """Return frames with what is seen on them."""
    before = None
    for number, pixels in enumerate(pictures):
        before = film_view.look(pixels, before)
        yield Frame(pixels, number, number / rate), before


def test_a_film_freezes_once_it_was_still_for_long_enough():
    hold = stability.Stability(frames=3, still=0.5)
    progress = []
    for frame, view in frames([box(FILM)] * 8):
        hold.add(frame, view)
        progress.append(hold.progress)
    assert progress[0] < 1 and progress[3] < 1 and progress[5] == 1 and hold.is_new
    good = hold.take()
    assert len(good) == 3 and not hold.is_new
    sharpness = [one.view.sharpness for one in good]
    assert sharpness == sorted(sharpness, reverse=True)


def test_the_same_film_is_news_only_after_it_was_away():
    hold = stability.Stability(frames=1, still=0)
    for frame, view in frames([box(FILM)]):
        hold.add(frame, view)
    hold.take()
    for frame, view in frames([box(FILM, left=470)]):
        hold.add(replace(frame, time=1.0), view)
    assert not hold.is_new
    for frame, view in frames([box(draw_film(9, 720, 600, opacity=0.9))]):
        hold.add(replace(frame, time=1.5), view)
    assert hold.is_new
    hold.take()
    for frame, view in frames([box(None)]):
        hold.add(replace(frame, time=9.0), view)
    for frame, view in frames([box(draw_film(9, 720, 600, opacity=0.9))]):
        hold.add(replace(frame, time=9.5), view)
    assert hold.is_new


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """Return a video: a bare light box, a film, the box again, another film."""
    path = tmp_path_factory.mktemp("video") / "films.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
    for picture, count in ((box(None), 5), (box(FILM), 12), (box(None), 15), (box(draw_film(9, 720, 600)), 12)):
        for _ in range(count):
            writer.write(picture[..., ::-1])
    writer.release()
    return path


def test_every_film_of_a_video_is_judged_once(video, camera_model, capsys, tmp_path):
    words = ["camera", str(video), "--screen", "none", "--json", "--model", str(camera_model)]
    assert main([*words, "--overlays", str(tmp_path / "seen"), "--store", str(tmp_path / "s.sqlite")]) == 0
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert len(rows) == 2
    for row in rows:
        shot = row["camera"]
        assert shot["name"] == str(video) and shot["frames"] == 5
        assert shot["spread"]["covid"][0] <= row["scores"]["covid"] <= shot["spread"]["covid"][1]
        assert np.abs(np.array(shot["corners"]) * SIZE - corners(FILM)).max() < 9
        assert shot["quality"]["pixels"] > 400
    assert "has ended after 44 pictures" in told.err
    assert "no film in view" in told.err
    assert len(list((tmp_path / "seen").glob("*.png"))) == 2
    assert main(["results", "--store", str(tmp_path / "s.sqlite"), "--json"]) == 0
    kept = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["camera"] for row in kept[::-1]] == [row["camera"] for row in rows]


def test_the_logits_are_divided_by_the_temperature_of_the_camera(camera_model):
    from edge_app.model.classifier import Classifier
    from edge_app.screening import screening

    model = model_file.read(camera_model)
    file, photograph = (screening.infer(FILM, Classifier(one, 1)).scores for one in (model, model.for_camera()))
    score, softer = max(zip(file.values(), photograph.values(), strict=True), key=lambda pair: -abs(pair[0] - 0.5))
    assert 0.01 < score < 0.99
    assert softer == pytest.approx(1 / (1 + np.exp(-np.log(score / (1 - score)) / 2)), abs=1e-6)


def test_a_recording_without_a_film_ends_with_code_1_and_the_last_advice(tmp_path, camera_model, capsys):
    cv2.imwrite(str(tmp_path / "0.png"), np.full((720, 1280, 3), 90, np.uint8))
    assert main(["camera", str(tmp_path), "--screen", "none", "--model", str(camera_model)]) == 1
    said = capsys.readouterr().err
    assert "has ended after 1 picture; no film was judged: no film in view" in said


def test_pictures_of_one_film_each(tmp_path, camera_model, capsys):
    for seed in range(3):
        cv2.imwrite(str(tmp_path / f"{seed}.png"), box(draw_film(seed * 7, 720, 600, opacity=seed / 2))[..., ::-1])
    words = ["camera", str(tmp_path), "--screen", "none", "--json", "--frames", "1", "--model", str(camera_model)]
    assert main(words) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["camera"]["frames"] for row in rows] == [1, 1, 1]


def test_a_fault_in_judging_costs_one_film(video, camera_model, capsys, monkeypatch):
    from edge_app.camera.loop import loop

    judge, calls = loop.judge, []

    def broken(*words):
        calls.append(words)
        if len(calls) == 1:
            raise MemoryError("no room")
        return judge(*words)

    monkeypatch.setattr(loop, "judge", broken)
    assert main(["camera", str(video), "--screen", "none", "--json", "--model", str(camera_model)]) == 1
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert "MemoryError: no room" in rows[0]["error"] and rows[1]["verdict"]


def test_a_fault_in_judging_is_shown_as_words(model_path):
    of_run = run_context.of(model_file.read(model_path), "refer")
    drawn = screen.judged(Failed("", "failed inside this program (MemoryError: no room); report it."), of_run)
    assert drawn.shape[1] == screen.LIVE
    assert (drawn == np.array(pictures.WARNING)).all(axis=2).sum() > 50


def test_a_model_that_was_shown_no_photographs_is_refused(model_path, video, capsys):
    assert main(["camera", str(video), "--screen", "none", "--model", str(model_path)]) == 2
    assert "has no operating point for a camera" in capsys.readouterr().err


def test_the_shutter_refuses_what_cannot_be_seen(camera_model, tmp_path):
    from edge_app.camera.capture.camera import Camera
    from edge_app.camera.loop.loop import Loop
    from edge_app.model.classifier import Classifier

    for number in range(45):
        cv2.imwrite(str(tmp_path / f"{number:02}.png"), box(FILM, left=600, top=250, height=200)[..., ::-1])
    model = model_file.read(camera_model).for_camera()
    with Camera(str(tmp_path)) as camera:
        loop = Loop(camera, Classifier(model, 1), model.card.limits("refer"), automatic=False)
        moments = loop.moments()
        next(moments)
        loop.press()
        result = next(moment.result for moment in moments if moment.result)
    assert result.verdict == decision.REFUSED and result.refusal.kind == "poor photograph"
    assert "move closer" in result.refusal.sentence
    drawn = screen.live(next(moments))
    assert drawn.shape[1] == screen.LIVE
