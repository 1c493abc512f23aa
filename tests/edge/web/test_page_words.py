"""What the page says: every verdict, refusal, figure and advice has words, and every language has all of them."""

import ast
import io
import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po
from flask_babel import force_locale

from edge_app.camera.detect import advice, frame_quality
from edge_app.diagnostics import health
from edge_app.gate import gate, picture_checks, refusal, view_classes
from edge_app.model import model_file
from edge_app.screening import decision, finding, run_context, screening
from edge_app.web.text import labels, languages, result_view, wording

WEB = Path(languages.__file__).parents[1]
LANGUAGES = [code for code in languages.NAMES if code != languages.ENGLISH]
PLACE = re.compile(r"%\(\w+\)s|%%")


def _row(of_run, scores):
    lungs = {"box": [0, 0, 1, 1], "share": 0.3, "heat_inside": 0.9}
    findings = scores and finding.in_rows(finding.find(scores, *of_run.limits))
    return {"scores": scores, "findings": findings, "lungs": lungs, "error": None, **of_run.row()}


@pytest.fixture
def of_run(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer")


def extracted():
    """Return every message that the page's Python and templates ask for: its key in a catalogue."""
    methods = [("**.py", "python"), ("templates/**.html", "jinja2")]
    keywords = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}
    return {message for _, _, message, _, _ in extract_from_dir(WEB, methods, keywords=keywords)}


def catalogue(code):
    """Return a language's catalogue as its translator wrote it."""
    with (languages.FOLDER / code / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=code)


def strings(message):
    """Return all forms of a translation."""
    return message.string if isinstance(message.string, (tuple, list)) else (message.string,)


def test_spanish_and_french_are_spoken():
    assert {"en": "English", "es": "Español", "fr": "Français"}.items() <= languages.NAMES.items()


def test_every_verdict_and_every_refusal_has_words():
    assert set(wording.VERDICTS) == {*decision.VERDICTS, None}
    assert set(wording.REFUSALS) == set(refusal.KINDS)
    assert set(wording.CHANGES) == {change for change, _ in screening.RIGHTED.values()}
    said = [getattr(words, name) for words in wording.VERDICTS.values() for name in ("title", "means", "do")]
    assert all(map(str, said))


def test_verdicts_differ_by_more_than_colour():
    assert len({words.symbol for words in wording.VERDICTS.values()}) == len(wording.VERDICTS)
    assert len({words.kind for words in wording.VERDICTS.values()}) == len(wording.VERDICTS)
    style = (WEB / "static" / "style.css").read_text(encoding="utf-8")
    borders = [
        re.search(rf"^\.verdict\.{words.kind} {{ (border[^}}]*) }}", style, re.M)[1]
        for words in wording.VERDICTS.values()
    ]
    assert len(set(borders)) == len(borders)


def test_every_figure_and_advice_has_a_name():
    assert set(picture_checks.SENTENCES) <= set(labels.CHECKS)
    assert set(advice.SENTENCES) == set(labels.ADVICE)
    figures = {getattr(frame_quality, name) for name in ("PIXELS", "TILT", "SPAN", "GLARE", "SHARPNESS", "MOVED")}
    assert figures <= set(labels.QUALITY)


def named_checks() -> set[str]:
    """Return the names of the doctor's checks, as its code makes them."""
    names = set()
    for path in Path(health.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HealthCheck":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno}: its name must be a literal"
                names.add(node.args[0].value)
    return names


def test_every_line_of_the_doctor_has_a_name_and_advice(spoken):
    assert {"golden film", "store", "XNNPACK", "disk"} < named_checks()
    assert set(labels.DOCTOR) == named_checks()
    assert set(labels.STATES) == {health.OK, health.WARNING, health.FAULT}
    for code in LANGUAGES:
        for name, line in labels.DOCTOR.items():
            english = [str(words) for words in line]
            with force_locale(code):
                assert str(line[1]) not in ("", english[1]), f"{code}: the advice of {name} is not translated"


def test_the_gate_names_its_checks_as_the_page_does():
    limits = gate.Limits(wrong=0.5, cut=0.5, unlike=1.0, picture={})
    checks = gate.of_kind(dict.fromkeys(view_classes.CLASSES, 0.0), limits)[0] + [gate.of_distance(0.5, limits)[0]]
    assert {check.name for check in checks} <= set(labels.CHECKS)


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_every_sentence(code):
    found = catalogue(code)
    lacking = [
        message for message in extracted() if not (found.get(_key(message)) and all(strings(found.get(_key(message)))))
    ]
    assert lacking == []
    assert not [message.id for message in found if message.fuzzy and message.id]


def _key(message):
    return message[0] if isinstance(message, tuple) else message


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_no_sentence_that_nobody_says(code):
    said = {_key(message) for message in extracted()}
    assert [message.id for message in catalogue(code) if message.id and _key(message.id) not in said] == []


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_translation_holds_what_is_put_into_it(code):
    for message in catalogue(code):
        for string in strings(message) if message.id else ():
            assert sorted(PLACE.findall(string)) == sorted(PLACE.findall(_key(message.id))), message.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_compiled_is_what_the_translator_wrote(code):
    made = io.BytesIO()
    write_mo(made, catalogue(code))
    kept = languages.FOLDER / code / "LC_MESSAGES" / "messages.mo"
    made.seek(0)
    with kept.open("rb") as file:
        old, new = (sorted((repr(one.id), repr(one.string)) for one in read_mo(it) if one.id) for it in (file, made))
    assert old == new, f"compile it: pybabel compile -d edge_app/web/translations -l {code}"


@pytest.mark.parametrize(
    ("code", "title", "score"),
    [
        ("en", "COVID-19 suspected", "0.500"),
        ("es", "Sospecha de COVID-19", "0,500"),
        ("fr", "COVID-19 suspecté", "0,500"),
    ],
)
def test_words_and_numbers_are_those_of_the_language(spoken, code, title, score):
    with force_locale(code):
        assert str(wording.VERDICTS[decision.COVID].title) == title
        assert result_view.number(0.5) == score


def test_bars_carry_thresholds_and_say_them(spoken, of_run):
    scores = {"normal": 0.1, "covid": 0.5, "pneumonia": 0.2, "tuberculosis": 0.3}
    bars = result_view.bars(_row(of_run, scores))
    thresholds, bands = of_run.limits
    assert [bar.label for bar in bars] == ["covid", "pneumonia", "tuberculosis"]  # "normal" decides nothing
    assert (bars[0].unsure, bars[0].suspected) == bands["covid"]
    assert bars[1].unsure is None and bars[1].suspected == thresholds["pneumonia"]
    assert bars[2].suspected is None
    assert bars[0].words.startswith("COVID-19: score 0.500 of 1, unsure from ")


def test_bars_show_how_far_the_frames_of_a_camera_differ(spoken, of_run):
    shot = {"camera": {"frames": 5, "spread": {"covid": [0.4, 0.6]}}}
    row = _row(of_run, {"normal": 0.1, "covid": 0.5, "pneumonia": 0.2}) | shot
    assert result_view.bars(row)[0].spread == (0.4, 0.6)


def test_a_film_without_a_verdict_has_no_bars(spoken, of_run):
    assert result_view.bars(_row(of_run, None)) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/history?q=a", "/history?q=a"),
        ("//elsewhere.example/", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/\t/elsewhere.example", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_stays_on_this_site(path, expected):
    assert languages.back(path) == expected
