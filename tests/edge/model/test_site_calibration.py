"""What a site's calibration file makes of a model's card, and the files that are refused."""

import copy
import json

import numpy as np
import pytest

from edge_app.imaging import preprocess
from edge_app.model import model_file, site_calibration
from edge_app.model.card import OWN_FILMS
from edge_app.model.classifier import Classifier
from edge_app.model.temperature import softened
from edge_app.screening import run_context, screening
from tests.support.films import draw_film
from tests.support.site_calibration import BAND, FIGURE, POOR, calibration

SHA = "ab" * 32


@pytest.fixture
def model(model_path):
    """Return the small model's file, read."""
    return model_file.read(model_path)


def apply(model, content, rule: str | None = "refer"):
    """Return the card with a calibration."""
    content = content if isinstance(content, bytes) else json.dumps(content).encode()
    return site_calibration.applied(model.card, content, model.sha256, rule, SHA, "physicist")


def test_thresholds_and_figures_are_the_sites(model, model_path):
    card = apply(model, calibration(model_path, covid=(0.2, 0.9)))
    context = run_context.RunContext(card, model.sha256, "refer")
    assert site_calibration.limits(card, "refer", "covid") == (0.2, 0.9)
    assert context.figures["sensitivity"] == {"value": 0.97, "low": 0.955, "high": 0.985}
    assert context.row()["site"] == {"name": "Clinic A", "sha256": SHA}
    assert card.operating_points["refer"]["covid"].films == "films of Clinic A"
    assert "300 patients with COVID-19 and 270 others" in card.site.films
    # What the site did not measure stays the model's.
    assert (
        card.operating_points["refer"]["pneumonia"].figures == model.card.operating_points["refer"]["pneumonia"].figures
    )
    assert card.operating_points["refer"]["pneumonia"].films == OWN_FILMS
    assert card.operating_points["balanced"] == model.card.operating_points["balanced"]
    assert model.card.site is None and run_context.RunContext(model.card, "", "refer").row()["site"] is None


def test_pneumonia_may_have_a_band_too(model, model_path):
    content = calibration(model_path)
    content["findings"]["pneumonia"] |= {"unsure_from": 0.3, "figures": dict.fromkeys(BAND, FIGURE)}
    card = apply(model, content)
    assert card.limits("refer") == ({"covid": 0.9, "pneumonia": 0.5}, {"covid": (0.2, 0.9), "pneumonia": (0.3, 0.5)})
    told = run_context.RunContext(card, model.sha256, "refer").row()["operating_point"]["findings"]["pneumonia"]
    assert (told["unsure_from"], told["measured_on"]) == (0.3, "this site")


def test_a_film_judged_by_a_sites_thresholds_is_another_to_the_store(model, model_path):
    before = run_context.RunContext(model.card, model.sha256, "refer").key
    after = run_context.RunContext(apply(model, calibration(model_path)), model.sha256, "refer").key
    assert before == (model.sha256, "refer")
    assert after == (model.sha256, f"refer, site Clinic A {SHA[:12]}")


def test_the_temperature_counts_once(model, model_path):
    film = draw_film(1000, 240, 200, opacity=0.4)
    plain = screening.infer(film, Classifier(model, 1))
    card = apply(model, calibration(model_path, temperature=2.0))
    site = screening.infer(film, Classifier(model_file.replace(model, card=card), 1))
    assert card.temperature == 2
    for label, score in plain.scores.items():
        assert site.scores[label] == pytest.approx(float(softened(np.array(score), 2.0)))
    np.testing.assert_allclose(site.heats["covid"].logits, plain.heats["covid"].logits / 2, rtol=1e-6)


def test_the_models_own_scores_are_not_softened(model, model_path):
    """The golden film and the self-test ask the network itself, whatever the site's temperature."""
    pixels = np.full((model.card.size, model.card.size, 1), 90, np.uint8)
    card = apply(model, calibration(model_path, temperature=3.0))
    plain, site = Classifier(model, 1), Classifier(model_file.replace(model, card=card), 1)
    np.testing.assert_array_equal(plain.scores(pixels)[0], site.scores(pixels)[0])
    assert preprocess.fingerprint(card.size) == card.fingerprint


def test_thresholds_that_stay_part_the_same_films_after_softening(model):
    scores = np.linspace(0, 1, 257)
    for temperature in (0.5, 1.0, 1.7):
        before = site_calibration.limits(model.card, "refer", "covid")
        after = site_calibration.carried(model.card, "refer", "covid", temperature)
        soft = scores if temperature == 1 else softened(scores, temperature)
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(scores >= old, soft >= new)


def test_a_lower_threshold_needs_no_proof(model, model_path):
    low, high = site_calibration.limits(model.card, "refer", "covid")
    content = calibration(model_path, covid=(low / 2, high))
    content["findings"]["covid"] |= {"patients": 3, "support": POOR}
    assert site_calibration.limits(apply(model, content), "refer", "covid")[0] == low / 2


def changed(content, *path, to):
    """Return a copy with the field at a path changed."""
    content = copy.deepcopy(content)
    holder = content
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = to
    return content


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (("format",), "other", "is not a site's calibration"),
        (("version",), 2, "has version 2; this program reads version 1"),
        (("version",), None, "has version None"),
        (("model", "sha256"), "cd" * 32, "is for model 'drawn-int8' \\(sha256 cdcdcdcdcdcd\\), and this model is"),
        (("model",), [], "must be a mapping"),
        (("operating_point",), "sensitive", "is for operating point 'sensitive', and 'refer' is asked for"),
        (("operating_point",), "mine", "is for operating point 'mine'; allowed are refer"),
        (("site",), "", "names its site ''"),
        (("site",), "a\nb", "names its site"),
        (("site",), "x" * 41, "1 to 40 printable letters"),
        (("temperature", "value"), 0.1, "has 0.1 in field 'value'; 0.2 to 10 is allowed"),
        (("temperature", "value"), True, "has True in field 'value'"),
        (("temperature", "value"), float("nan"), "is not JSON \\(NaN is not a number of JSON\\)"),
        (("findings", "covid", "unsure_from"), 1.2, "has 1.2 in field 'unsure_from'"),
        (("findings", "covid", "unsure_from"), 0.95, "'unsure_from' 0.95 above 'suspected_from' 0.9"),
        (("findings", "covid", "unsure_from"), -0.1, "has -0.1 in field 'unsure_from'"),
        (
            ("findings", "covid", "figures"),
            dict.fromkeys(BAND[:2], FIGURE),
            "has None in field 'suspected_sen",
        ),
        (("findings", "covid", "figures", "referred"), {"value": 0.5, "low": -0.1, "high": 0.7}, "has -0.1 in field"),
        (("findings", "normal"), {}, "has thresholds for .*; this model needs"),
        (("findings", "covid", "figures", "referred"), {"value": 0.5, "low": 0.6, "high": 0.7}, "outside its interval"),
        (("findings", "covid", "figures"), None, "moves the thresholds of 'covid' and has no figures"),
        (("films",), {"covid": {"patients": -1}}, "has -1 in field 'patients'"),
        (("made",), "last\tyear", "has 'last.*year' in field 'made'; a time as of ISO 8601"),
        (("made",), 5, "has 5 in field 'made'; it must be text"),
    ],
)
def test_files_that_are_refused(model, model_path, path, to, words):
    content = changed(calibration(model_path), *path, to=to)
    with pytest.raises(ValueError, match=words):
        apply(model, content)


def test_the_edges_of_what_is_allowed(model, model_path):
    for name in ("A", "x" * 40):
        assert apply(model, calibration(model_path, site=name)).site.name == name
    assert apply(model, calibration(model_path, temperature=10.0)).temperature == 10
    # All are suspected or unsure, and nobody was missed: an interval may end at its value.
    content = calibration(model_path, covid=(0.0, 1.0))
    content["findings"]["covid"]["figures"] = dict.fromkeys(BAND, FIGURE | {"value": 1.0, "high": 1.0})
    card = apply(model, content)
    assert site_calibration.limits(card, "refer", "covid") == (0.0, 1.0)
    assert card.operating_points["refer"]["covid"].figures["sensitivity"]["value"] == 1


def test_a_site_without_patients_of_a_kind_says_none(model, model_path):
    card = apply(model, calibration(model_path, films={"normal": {"patients": 7}}))
    assert card.site.films == "0 patients with COVID-19 and 7 others"


def test_a_finding_without_a_band_has_two_figures(model, model_path):
    content = calibration(model_path)
    content["findings"]["pneumonia"]["figures"] = dict.fromkeys(BAND[:2], FIGURE)
    assert apply(model, content).operating_points["refer"]["pneumonia"].figures == dict.fromkeys(BAND[:2], FIGURE)


def test_thresholds_that_stay_need_no_figures(model, model_path):
    content = calibration(model_path, covid=site_calibration.carried(model.card, "refer", "covid", 1.0))
    content["findings"]["covid"]["figures"] = None
    before = model.card.operating_points["refer"]["covid"]
    after = apply(model, content).operating_points["refer"]["covid"]
    assert (after.figures, after.threshold, after.unsure_from) == (before.figures, before.threshold, before.unsure_from)


def test_the_model_that_a_file_is_for_is_named_with_this_one(model, model_path):
    content = calibration(model_path, model={"name": "other", "sha256": "cd" * 32})
    with pytest.raises(
        ValueError, match=f"^is for model 'other' .*'{model.card.name}' \\(sha256 {model.sha256[:12]}\\)"
    ):
        apply(model, content)


@pytest.mark.parametrize(("patients", "most"), [(0, 0.0), (1, 0.025), (2, 0.025**0.5), (72, 0.95005)])
def test_how_much_so_many_patients_can_prove(patients, most):
    assert site_calibration.most_proven(patients) == pytest.approx(most, abs=1e-5)


@pytest.mark.parametrize(
    ("field", "to", "words"),
    [
        ("patients", -1, "has -1 in field 'patients'"),
        ("support", {"low": -0.1}, "has -0.1 in field 'low'"),
        ("support", {"low": 1.5}, "has 1.5 in field 'low'"),
    ],
)
def test_proof_that_is_not_a_number_of_patients_or_a_share(model, model_path, field, to, words):
    low, high = site_calibration.limits(model.card, "refer", "covid")
    content = calibration(model_path, covid=(low + 1e-3, max(high, low + 1e-3)))
    content["findings"]["covid"][field] = to
    with pytest.raises(ValueError, match=words):
        apply(model, content)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"[" * 100_000])
def test_what_is_not_a_calibration_at_all(model, content):
    with pytest.raises(ValueError, match="is not"):
        apply(model, content)


@pytest.mark.parametrize(
    ("patients", "support", "proven"),
    [
        (300, FIGURE, True),
        (300, {"value": 0.97, "low": 0.949}, False),  # the interval reaches below 0.95
        (20, FIGURE, False),  # 20 patients cannot prove 0.955, even with none missed
        (72, {"value": 1.0, "low": 0.9500}, True),
        (71, {"value": 1.0, "low": 0.9500}, False),
        (0, FIGURE, False),
    ],
)
def test_a_higher_threshold_needs_enough_films(model, model_path, patients, support, proven):
    low, high = site_calibration.limits(model.card, "refer", "covid")
    raised = (low + 1e-3, max(high, low + 1e-3))
    content = calibration(model_path, covid=raised)
    content["findings"]["covid"] |= {"patients": patients, "support": support}
    if proven:
        assert site_calibration.limits(apply(model, content), "refer", "covid") == raised
    else:
        with pytest.raises(ValueError, match=f"raises the threshold of 'covid' from {low:.4f} to .*do not support it"):
            apply(model, content)


@pytest.mark.parametrize(("least", "proven"), [(0.90, True), (0.899, False)])
def test_other_pneumonia_needs_nine_in_ten(model, model_path, least, proven):
    before = site_calibration.limits(model.card, "refer", "pneumonia")[0]
    content = calibration(model_path)
    figures = dict.fromkeys(BAND[:2], FIGURE)
    raised = {"unsure_from": before + 0.01, "suspected_from": before + 0.01, "figures": figures}
    content["findings"]["pneumonia"] |= raised | {"patients": 300, "support": {"low": least}}
    if proven:
        assert site_calibration.limits(apply(model, content), "refer", "pneumonia") == (before + 0.01, before + 0.01)
    else:
        with pytest.raises(ValueError, match=r"raises the threshold of 'pneumonia' .*; 0\.9 is needed"):
            apply(model, content)


def test_the_doctor_may_ask_without_a_rule(model, model_path):
    assert apply(model, calibration(model_path), rule=None).site.name == "Clinic A"
