"""The encapsulated PDF that leaves the node is the page's report, in the language of the site."""

import subprocess
import sys
from argparse import Namespace

import numpy as np
import pytest

from edge_app.commands import node_results
from edge_app.dicom_objects import results as objects
from edge_app.errors import WrongUsage
from edge_app.model import model_file
from edge_app.screening import run_context
from edge_app.web.report import of_result
from tests.support import poppler, results
from tests.support.dicom_headers import header, sent
from tests.support.films import draw_film
from tests.support.golden import GOLDEN

GREY = draw_film(3, 400, 360)


@pytest.fixture(scope="module")
def of_run():
    return run_context.of(model_file.read(GOLDEN / "tiny-int8.tflite"), "refer", "0.05")


def judged():
    heat = np.full((10, 10), -8, np.float32)
    heat[2:6, 3:6] = 5
    return results.judged("/films/Doe^Jane.dcm", "ab" * 32, found=results.inference(heat=heat, chances=True))


@poppler.needed
@pytest.mark.parametrize(
    ("language", "words", "paper"),
    [("en", ("COVID-19 suspected", "0.900"), "A4"), ("es_MX", ("Sospecha de COVID-19", "0,900"), "letter"),
     ("fr", ("COVID-19 suspecté", "0,900"), "A4")],
)  # fmt: skip
def test_it_is_the_reports_page_in_a_language_of_the_site(of_run, language, words, paper):
    pdf = of_result.pdf(judged(), GREY, of_run, language, "Doe Jane, P1", "q3T")
    text = poppler.text(pdf)
    assert all(one in text for one in (*words, "Doe Jane, P1", "q3T")) and "/films" not in text
    assert f"/Lang ({language[:2]})".encode() in pdf
    found = poppler.info(pdf)
    assert found["Pages"] == "1" and paper in found["Page size"]


def test_the_same_result_gives_the_same_file(of_run):
    result = judged()
    first, again = (of_result.pdf(result, GREY, of_run, "en", "P1", "q3T") for _ in range(2))
    assert first == again
    assert first != of_result.pdf(result, GREY, of_run, "en", "P2", "q3T")


@poppler.needed
def test_a_refused_film_has_a_report_that_says_why(of_run):
    result = results.refused("", "ab" * 32, "turned", "it is upside down")
    assert "it is upside down" in poppler.text(of_result.pdf(result, GREY, of_run, "en"))


def test_it_is_what_the_object_holds(of_run):
    pdf = of_result.pdf(judged(), GREY, of_run, "en", "Doe Jane, P1")
    (made,) = objects.made(header(), judged(), GREY, of_run, ["pdf"], pdf)
    found = sent(made)
    assert found.EncapsulatedDocument[: found.EncapsulatedDocumentLength] == pdf


@poppler.needed
def test_the_node_sends_it_with_the_patients_name_and_the_readings(of_run):
    flags = Namespace(send_to="PACS@host:104", results=("pdf",), language="es")
    run = Namespace(context=of_run, readings=Namespace(last="q3T"))
    made = node_results.maker(flags, run, None, shown=False)(header(), judged(), GREY)
    (document,) = made.objects
    text = poppler.text(document.EncapsulatedDocument)
    assert all(one in text for one in ("Sospecha de COVID-19", "Doe Jane, P1", "q3T")) and made.bundle is None


@pytest.mark.parametrize(
    ("wanted", "environment", "language"),
    [("fr", {"LANG": "es_ES.UTF-8"}, "fr"), (None, {"LANG": "es_MX.UTF-8"}, "es_MX"), (None, {"LANG": "C.UTF-8"}, "en"),
     (None, {"LC_ALL": "fr_FR@euro", "LANG": "es"}, "fr_FR"), (None, {}, "en"), ("es-MX", {}, "es_MX")],
)  # fmt: skip
def test_the_language_is_that_of_the_flag_else_the_devices(wanted, environment, language):
    assert of_result.language(wanted, environment) == language


def test_a_language_that_the_page_lacks_is_refused():
    with pytest.raises(WrongUsage, match="--language: 'xx' is none of the page's; en, es, fr are allowed"):
        of_result.language("xx", {})


def test_it_is_drawn_without_flask():
    code = (
        "import sys; from edge_app.web.report import of_result, content, page; from edge_app.web.text import spoken\n"
        "with spoken.speaking('es'): assert spoken.gettext('Read at') != 'Read at'\n"
        "sys.exit(' '.join({'flask', 'flask_babel', 'werkzeug', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.strip() == ""
