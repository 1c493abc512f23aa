"""The digits in which figures are written, in every part of a row: as docs/results.md has them."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge_app.gate import refusal
from edge_app.gate.checks import Check
from edge_app.model import model_file
from edge_app.model.card import Site
from edge_app.screening import finding, phrasing, run_context
from edge_app.screening.corrected import Corrected
from edge_app.screening.heat import Heat
from edge_app.screening.result import Failed, Known
from edge_app.screening.shot import Shot
from tests.support import results

LONG = 0.123456789


def test_scores_and_shares_have_six_digits():
    assert finding.Finding("suspected", LONG, 0.1).row()["score"] == 0.123457
    assert finding.rounded({"covid": np.float32(LONG)}) == {"covid": 0.123457}
    assert run_context.rounded({"value": LONG, "low": 0.01 + LONG, "high": 0.7 + LONG, "n": 5}) == {
        "value": 0.123457,
        "low": 0.133457,
        "high": 0.823457,
    }
    found = {"covid": finding.Finding("suspected", LONG, 0.1)}
    row = Corrected("greys inverted", found, {"covid": LONG}).row()
    assert (row["verdict"], row["scores"], row["findings"]["covid"]["score"]) == (
        "covid suspected",
        {"covid": 0.123457},
        0.123457,
    )


def test_places_and_heat_have_four():
    field = replace(results.two_lungs(), box=(LONG, 0.2 + LONG, 0.3 + LONG, 0.4 + LONG), share=LONG)
    found = results.inference(field=field, heat_inside=LONG)
    lungs = results.judged(Path("x"), "ab", found=found).row()["lungs"]
    assert lungs["box"] == [0.1235, 0.3235, 0.4235, 0.5235]
    assert (lungs["share"], lungs["heat_inside"], lungs["heats"]["covid"]) == (
        *(0.1235, 0.1235),
        {"inside": 0.1235, "peak": None},
    )
    hot = Heat("covid", np.full((2, 2), 1.0), chances=True, inside=None)  # 1 / (1 + 1 / e) is 0.73106
    assert hot.row() == {"inside": None, "peak": 0.7311}


def test_a_shot_has_six_for_scores_and_four_for_the_rest():
    shot = Shot("cam", 3, {"covid": (LONG, 0.5 + LONG)}, {"blur": LONG, "lost": float("nan")}, ((LONG, 0.5 + LONG),))
    assert shot.row() == {
        "name": "cam",
        "frames": 3,
        "spread": {"covid": [0.123457, 0.623457]},
        "quality": {"blur": 0.1235},
        "corners": [[0.1235, 0.6235]],
    }
    assert Shot("cam", 0).row() == {"name": "cam", "frames": 0, "spread": None, "quality": {}, "corners": None}


def test_times_have_milliseconds_and_durations_a_tenth():
    time = datetime(2026, 11, 30, 12, 0, 0, 123_987, UTC)
    for made in (
        results.judged(Path("x"), "ab", ms=12.3456, time=time),
        results.refused(Path("x"), "ab", refusal.DARK, ms=12.3456, time=time),
    ):
        row = made.row()
        assert (row["ms"], row["time"]) == (12.3, "2026-11-30T12:00:00.123+00:00")
        assert (row["schema"], row["stored"], row["camera"], row["copy_of"], row["error"]) == (
            1,
            False,
            None,
            None,
            None,
        )


def test_a_film_that_could_not_be_read_has_a_sentence_and_nothing_else():
    row = Failed(Path("ward/DOE.png"), "ward/DOE.png: is empty.").nameless().row()
    assert (row["path"], row["error"], row["sha256"]) == ("", "a film: is empty.", "")
    assert [row[name] for name in ("verdict", "findings", "refusal", "scores", "lungs", "ms")] == [None] * 6


def test_a_film_that_is_known_has_its_stored_row_under_the_path_of_today():
    kept = results.judged(Path("ward/a.png"), "ab").row()
    known = Known(Path("inbox/b.png"), kept, replaces="cd")
    wanted = {"path": "inbox/b.png", "stored": True, "copy_of": "ward/a.png", "replaces": "cd"}
    assert known.row() == kept | wanted
    assert (known.verdict, known.sha256, known.copy_of) == (kept["verdict"], "ab", "ward/a.png")
    assert Known(Path("ward/a.png"), kept).copy_of is None


def test_a_refused_film_has_the_checks_of_the_gate():
    checks, chances = (Check("a", 1.0),), {"ct": 0.9}
    made = results.refused(Path("x"), "ab", refusal.CT, rejection={"checks": checks, "view_classes": chances})
    assert (made.checks, made.view_classes, made.inference, made.field) == (checks, chances, None, None)


def test_an_answer_says_how_often_it_is_right():
    figure = {"value": 0.25, "low": 0.125, "high": 0.5}
    told = phrasing.worth("COVID-19", {"suspected": figure, "cleared": None}, 0.05)
    assert told == (
        "COVID-19: at prevalence 0.05, 0.250 (0.125 to 0.500) of those suspected have it (PPV), "
        "an unknown share of those cleared do not have it (NPV)"
    )
    assert phrasing.right("unsure", figure, 0.1) == (
        "at prevalence 0.1, 0.250 (0.125 to 0.500) of those unsure have it"
    )


def test_what_a_run_says_of_figures_of_the_training_and_of_those_that_are_not_defined(model_path):
    card = model_file.read(model_path).card
    none = {"sensitivity": dict.fromkeys(run_context.PARTS, 0), "specificity": dict.fromkeys(run_context.PARTS, 1)}
    point = replace(card.operating_points["balanced"]["covid"], figures=none)
    card = replace(card, operating_points={"balanced": {"covid": point}})
    row = run_context.RunContext(card, "ab", "balanced", prevalence=0.2).row()
    assert (row["ppv"], row["npv"]) == (None, {"value": 0.8, "low": 0.8, "high": 0.8})  # nobody is suspected
    told = row["operating_point"]["findings"]["covid"]
    assert [told[name] for name in ("measured_on", "hospitals", "films", "worst")] == [
        *("hospitals of the training", None, None, None)
    ]


def test_a_site_is_named_with_its_films_day_and_signer():
    site = Site("Clinic A", "0123456789abcdef", "2026-11-30T12:00:00+00:00", "300 patients", "phys\x1bicist")
    assert phrasing.of_site(site) == (
        "thresholds and figures of site 'Clinic A': 300 patients, 2026-11-30, sha256 0123456789ab, "
        "signed by phys\\x1bicist"
    )


def test_figures_in_sentences():
    assert phrasing.replaced("0123456789abcdef99") == (
        "in place of what this file held before (sha256 0123456789abcdef); that result does not count for it any more"
    )
    assert phrasing.share({"value": 0.5, "low": 0.25, "high": 0.75}) == "0.50 (0.25 to 0.75)"
    assert phrasing.share({"value": 0.5, "low": 0.25, "high": 0.75}, 3) == "0.500 (0.250 to 0.750)"
    assert phrasing.share(None) == "not known"
    assert phrasing.frames({"frames": 3, "spread": {"covid": (0.12345, 0.98765)}}) == (
        "median of 3 frames; covid from 0.123 to 0.988 in them"
    )
    assert phrasing.limits(finding.Finding("unsure", 0.5, 0.8, 0.25)) == "unsure from 0.250, suspected from 0.800"
    assert phrasing.limits(finding.Finding("unsure", 0.5, 0.8)) == "suspected from 0.800"
    assert phrasing.printable("a\x1b\né") == "a\\x1b\\né"


@pytest.mark.parametrize("inside", [0.0, 0.4999, 0.5, 1.0, None])
def test_from_half_of_the_heat_outside_a_reading_is_warned_of(inside):
    row = {"verdict": "covid suspected", "lungs": {"heat_inside": inside, "heat_label": "covid"}}
    assert (phrasing.heat_warning(row) is not None) == (inside in (0.0, 0.4999))
