"""What the page says of each finding: its answer, how often it is right, and whose films that was measured on."""

import re
from dataclasses import replace

import pytest
from flask_babel import force_locale

from edge_app.model import card as card_
from edge_app.model import model_file
from edge_app.screening import decision, finding, run_context
from edge_app.web.text import finding_view, languages, wording
from edge_app.web.text.finding_words import FIRST, MEANINGS
from tests.support import left_out, results

SCORES = {"normal": 0.1, "covid": 0.5, "pneumonia": 0.9}


@pytest.fixture
def context(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


def _row(context, **scores):
    found = results.inference(SCORES | scores)
    said = finding.find(found.scores, *context.limits)
    return context.line(replace(results.judged("", "ab" * 32, found=found), findings=said).row())


def test_both_findings_are_said_each_with_its_symbol(spoken, context):
    covid, pneumonia = finding_view.told(_row(context))
    assert (covid.words, covid.kind, covid.symbol) == ("COVID-19: unsure", "unsure", "◆")
    assert (pneumonia.words, pneumonia.kind, pneumonia.symbol) == ("Other pneumonia: suspected", "pneumonia", "■")
    with force_locale("es"):
        assert [one.words for one in finding_view.told(_row(context))] == [
            "COVID-19: dudoso",
            "Otra neumonía: sospecha",
        ]


def test_every_answer_has_words_of_its_own(spoken):
    assert set(wording.ANSWERS) == {(label, answer) for label in finding.LABELS for answer in finding.ANSWERS}
    for code in languages.NAMES:
        with force_locale(code):
            assert len({str(words) for words in wording.ANSWERS.values()}) == len(wording.ANSWERS)


def test_every_answer_says_what_it_means_its_limits_and_what_to_do(spoken, context):
    assert set(MEANINGS) == set(wording.ANSWERS)
    for code in languages.NAMES:
        with force_locale(code):
            for one in MEANINGS.values():
                assert all(str(words)[-1] == "." and len(str(words)) > 20 for words in one)
    assert len({str(one.means) for one in MEANINGS.values()}) == len(MEANINGS)
    for covid in (0.1, 0.5, 0.9):
        for one in finding_view.told(_row(context, covid=covid)):
            said = " ".join(map(str, (one.words, *one.meaning, *one.proof)))
            assert not re.search(r"LazyString|None|\b(covid|pneumonia_|cleared|unsure_from|suspected_from)\b", said)
            assert one.meaning is MEANINGS[one.label, finding_of(covid) if one.label == "covid" else "suspected"]


def finding_of(covid):
    """Return the answer to a score of COVID-19 by the small model."""
    return {0.1: finding.CLEARED, 0.5: finding.UNSURE, 0.9: finding.SUSPECTED}[covid]


def test_the_screen_of_a_kiosk_says_what_to_do_of_every_verdict():
    assert set(FIRST) | {decision.REFUSED} == {*decision.VERDICTS, None}


def test_a_film_without_a_verdict_has_no_findings(spoken, context):
    refused = results.refused("", "ab" * 32, "blank").row()
    assert finding_view.told(context.line(refused)) == []
    assert finding_view.also_pneumonia(context.line(refused)) == ""


@pytest.mark.parametrize(
    ("covid", "pneumonia", "expected"),
    [(0.5, 0.9, "suspected too"), (0.9, 0.9, "suspected too"), (0.9, 0.1, ""), (0.1, 0.9, "")],
)
def test_what_to_do_about_pneumonia_is_not_hidden_behind_covid(spoken, context, covid, pneumonia, expected):
    said = finding_view.also_pneumonia(_row(context, covid=covid, pneumonia=pneumonia))
    assert expected in said and bool(said) == bool(expected)


def test_a_film_that_is_unsure_for_pneumonia_alone_is_not_called_unsure_for_covid(spoken, context):
    context = replace(context, card=card_.parse(left_out.card(dict(context.card.raw))))
    row = _row(context, covid=0.1, pneumonia=0.5)
    assert row["verdict"] == "unsure: refer to a radiologist"
    assert wording.of(row) is wording.UNSURE_PNEUMONIA
    both = _row(context, covid=0.5, pneumonia=0.5)
    assert wording.of(both) is wording.VERDICTS[row["verdict"]]
    assert "unsure about other pneumonia too" in finding_view.also_pneumonia(both)


def test_how_often_the_answer_given_is_right_is_as_on_the_command_line(spoken, context):
    stated = replace(context, prevalence=0.1, pneumonia_prevalence=0.2)
    for scores in ({"covid": 0.9, "pneumonia": 0.9}, {"covid": 0.5, "pneumonia": 0.1}, {"covid": 0.1}):
        row = _row(stated, **scores)
        for one in finding_view.told(row, {"covid": 10, "pneumonia": 20}):
            figure = row["findings"][one.label]["predictive_value"]
            assert f", {finding_view.of_100(figure)} " in one.right
            assert ("PPV" in one.right) == (row["findings"][one.label]["answer"] == finding.SUSPECTED)
            assert ("do not have it" in one.right) == (row["findings"][one.label]["answer"] == finding.CLEARED)


def test_without_a_prevalence_nothing_is_said_of_it(spoken, context):
    assert [one.right for one in finding_view.told(_row(context), {"covid": 10})][1] == ""


def test_hospitals_left_out_are_told_with_the_worst(spoken, context):
    context = replace(context, card=card_.parse(left_out.card(dict(context.card.raw))))
    covid, _ = finding_view.told(_row(context))
    assert covid.proof[0] == (
        "Of 100 people who have it, 85 (80 to 90), in the worst hospital 80 (75 to 85), were suspected or unsure; "
        "the others were missed."
    )
    assert (covid.measured["hospitals"], covid.measured["films"]) == (3, 900)


def test_a_reading_of_an_older_version_still_has_its_figures(spoken, context):
    row = _row(context)
    del row["operating_point"]["findings"]
    covid, pneumonia = finding_view.told(row, {"covid": 10, "pneumonia": 10})
    assert covid.right and len(covid.proof) == 3
    assert (pneumonia.words, pneumonia.right, pneumonia.measured) == ("Other pneumonia: suspected", "", None)


@pytest.mark.parametrize(
    ("typed", "stated", "expected"), [("5", None, 5), ("0,5", None, 0.5), ("", 0.05, 5), ("", None, None)]
)
def test_a_prevalence_is_read_as_so_many_in_a_hundred(typed, stated, expected):
    assert finding_view.in_100(typed, stated) == expected


@pytest.mark.parametrize("typed", ["0", "100", "-1", "nan", "inf", "five", "5%"])
def test_a_prevalence_that_is_none_is_refused(typed):
    with pytest.raises(ValueError):
        finding_view.in_100(typed, None)
