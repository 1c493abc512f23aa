"""The structured report: what a PACS can look for in it, and what it must not say."""

from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from edge_app.dicom_objects import codes, results
from edge_app.gate import refusal
from edge_app.screening import decision, finding
from tests.support import results as drawn
from tests.support.dicom_headers import COLUMNS, FILM, ROWS, header, sent


@pytest.fixture
def told(grey, of_run):
    """Return a function that makes the report of a result and returns its measurement groups."""

    def of(result, context=of_run) -> list[Dataset]:
        (report,) = results.made(header(), result, grey, context, ["sr"])
        root = sent(report)
        assert (root.CompletionFlag, root.VerificationFlag, root.PreliminaryFlag) == (
            "COMPLETE",
            "UNVERIFIED",
            "PRELIMINARY",
        )
        (measured,) = below(root, codes.MEASUREMENTS)
        return below(measured, codes.GROUP)

    return of


def below(item: Dataset, name: codes.Code) -> list[Dataset]:
    """Return the items of a name that hang on an item."""
    return [one for one in item.ContentSequence if one.ConceptNameCodeSequence[0].CodeValue == name.value]


def coded(item: Dataset, name: codes.Code) -> list[str]:
    """Return the code values of the items of a name."""
    return [one.ConceptCodeSequence[0].CodeValue for one in below(item, name)]


def number(item: Dataset, name: codes.Code) -> float:
    """Return the number of the one item of a name."""
    (one,) = below(item, name)
    return float(one.MeasuredValueSequence[0].NumericValue)


def on(outline: Dataset) -> str:
    """Return the SOP Instance UID of the image that an outline lies on."""
    (image,) = outline.ContentSequence
    assert (image.RelationshipType, image.ValueType) == ("SELECTED FROM", "IMAGE")
    return image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID


def test_each_finding_has_score_thresholds_and_answer(told, suspected):
    covid, opacity, pneumonia = told(suspected)
    assert coded(covid, codes.FINDING) == ["840539006"] and coded(pneumonia, codes.FINDING) == ["233604007"]
    assert coded(opacity, codes.FINDING) == ["RID28530"]
    for label, group in (("covid", covid), ("pneumonia", pneumonia)):
        found = suspected.findings[label]
        assert number(group, codes.CERTAINTY) == pytest.approx(found.score, abs=1e-6)
        assert number(group, codes.SUSPECTED_FROM) == pytest.approx(found.suspected_from, abs=1e-6)
        assert coded(group, codes.ANSWER) == [codes.ANSWERS[found.answer].value]
        (image,) = below(group, codes.SOURCE_OF_MEASUREMENT)
        assert image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == FILM
    assert number(covid, codes.UNSURE_FROM) == pytest.approx(0.2)
    assert not below(pneumonia, codes.UNSURE_FROM)


def test_every_group_has_coordinates_on_the_film_or_ohif_would_show_none_of_them(told, suspected):
    covid, opacity, pneumonia = told(suspected)
    top, left, bottom, right = suspected.field.box
    left, right, top, bottom = COLUMNS * left, COLUMNS * right, ROWS * top, ROWS * bottom
    for group in (covid, pneumonia):
        (score,) = below(group, codes.CERTAINTY)
        (part,) = below(score, codes.SOURCE_OF_MEASUREMENT)
        assert (part.RelationshipType, part.ValueType, part.GraphicType) == ("INFERRED FROM", "SCOORD", "POLYLINE")
        corners = [left, top, right, top, right, bottom, left, bottom, left, top]
        assert part.GraphicData == pytest.approx(corners, abs=0.01)
        assert on(part) == FILM
    (region,) = below(opacity, codes.REGION)
    assert (region.RelationshipType, on(region)) == ("CONTAINS", FILM)


@pytest.mark.parametrize("answer", finding.ANSWERS)
def test_every_answer_has_its_own_code(told, answer):
    found = drawn.judged("f", "ab" * 32, covid=answer)
    assert coded(told(found)[0], codes.ANSWER) == [codes.ANSWERS[answer].value]


def test_the_figures_have_their_interval_and_say_whose_films_they_are_of(told, suspected, of_run):
    covid = told(suspected)[0]
    figure = of_run.points["covid"].shown["sensitivity"]
    (said,) = below(covid, codes.SENSITIVITY)
    assert number(covid, codes.SENSITIVITY) == pytest.approx(figure["value"], abs=1e-6)
    assert number(said, codes.UPPER) == pytest.approx(figure["high"] - figure["value"], abs=1e-6)
    assert number(said, codes.LOWER) == pytest.approx(figure["value"] - figure["low"], abs=1e-6)
    words = " ".join(one.TextValue for one in below(covid, codes.ALGORITHM_PARAMETERS))
    assert of_run.points["covid"].films in words and of_run.sha256 in words and "'refer'" in words
    assert "not a diagnosis" in words


def test_how_often_it_is_right_is_told_where_the_prevalence_was_stated(told, suspected, of_run):
    covid, _, pneumonia = told(suspected)
    assert number(covid, codes.PREVALENCE) == 0.05
    right = of_run.worth["covid"][finding.SUSPECTED]
    assert number(covid, codes.WORTH[finding.SUSPECTED]) == pytest.approx(right["value"], abs=1e-6)
    assert not below(pneumonia, codes.PREVALENCE)
    (silent, *_) = told(suspected, replace(of_run, prevalence=None))
    assert not below(silent, codes.PREVALENCE) and not below(silent, codes.WORTH[finding.SUSPECTED])


def test_no_class_of_appearance_is_claimed(told, suspected):
    covid, _, pneumonia = told(suspected)
    assert coded(covid, codes.APPEARANCE) == [codes.NOT_EVALUATED.value]
    assert not below(pneumonia, codes.APPEARANCE)


def test_a_cleared_finding_has_no_opacity(told, grey):
    hot = drawn.inference(heat=[[3.0]], chances=True)
    cleared = told(drawn.judged("f", "ab" * 32, decision.NORMAL, hot))
    assert [coded(group, codes.FINDING) for group in cleared] == [["840539006"], ["233604007"]]


def test_a_refused_film_has_its_reason_and_no_number(told, turned_away):
    (group,) = told(turned_away)
    assert coded(group, codes.JUDGEMENT) == ["REFUSED"] and coded(group, codes.REFUSAL) == ["TURNED"]
    assert below(group, codes.COMMENT)[0].TextValue == "the film is upside down"
    assert not [one for one in group.ContentSequence if one.ValueType == "NUM"]


def test_words_in_other_scripts_fit_any_character_set(told, suspected, of_run):
    card = replace(of_run.card, name="Modèle\\№1")
    (name,) = below(told(suspected, replace(of_run, card=card))[0], codes.ALGORITHM_NAME)
    assert name.TextValue == "Modele/No1"


def test_own_codes_fit_and_differ():
    own = [one for one in vars(codes).values() if isinstance(one, codes.Code) and one.scheme == codes.OWN]
    own += [*codes.WORTH.values(), *map(codes.refusal, refusal.KINDS)]
    assert all(len(one.value) <= codes.MOST_OF_SH and len(one.meaning) <= 64 for one in own)
    assert len({one.value for one in own}) == len(own)
