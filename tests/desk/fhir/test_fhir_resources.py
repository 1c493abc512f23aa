"""The FHIR resources are valid by HL7's own definitions, say what the result says, and are the same when made again."""

from dataclasses import replace

import pytest
from fhir.resources.R4B.bundle import Bundle

from edge_app.fhir import resources
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from tests.support import results as drawn
from tests.support.dicom_headers import header
from tests.support.golden import GOLDEN

VERDICTS = (decision.COVID, decision.UNSURE, decision.PNEUMONIA, decision.NORMAL)


@pytest.fixture(scope="module")
def of_run():
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(GOLDEN / "tiny-int8.tflite"), "refer")


def _found(bundle: dict, kind: str) -> list[dict]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("bare", [False, True])
def test_every_resource_is_valid(of_run, verdict, bare):
    film = header(PatientID=None, AccessionNumber=None) if bare else header()
    made = resources.bundle(film, drawn.judged("film", "ab" * 32, verdict), of_run)
    valid = Bundle.model_validate(made)
    kinds = [entry.resource.get_resource_type() for entry in valid.entry]
    assert kinds[:4] == ["Device", "Observation", "Observation", "DiagnosticReport"]


def test_references_lead_to_what_is_there(of_run):
    made = resources.bundle(header(), drawn.judged("film", "ab" * 32), of_run)
    there = {entry["fullUrl"] for entry in made["entry"]}
    (report,), (task,) = _found(made, "DiagnosticReport"), _found(made, "Task")
    assert {one["reference"] for one in report["result"]} <= there and task["focus"]["reference"] in there
    assert all(one["device"]["reference"] in there for one in _found(made, "Observation"))
    assert report["imagingStudy"][0]["identifier"]["value"] == "urn:oid:1.2.826.0.1.1"


def test_answers_scores_and_status_are_those_of_the_result(of_run):
    result = drawn.judged("film", "ab" * 32)
    made = resources.bundle(header(), result, of_run)
    covid, pneumonia = _found(made, "Observation")
    assert covid["valueCodeableConcept"]["coding"][0]["code"] == "415684004"
    assert pneumonia["interpretation"][0]["coding"][0]["code"] == "NEG"
    assert covid["component"][0]["valueQuantity"]["value"] == pytest.approx(result.findings["covid"].score)
    assert {one["status"] for one in (covid, pneumonia, *_found(made, "DiagnosticReport"))} == {"preliminary"}
    assert "not a diagnosis" in _found(made, "DiagnosticReport")[0]["conclusion"]


@pytest.mark.parametrize(
    ("verdict", "flagged"),
    list(zip(VERDICTS, (True, False, True, False), strict=True)),
)
def test_suspected_films_alone_are_flagged(of_run, verdict, flagged):
    made = resources.bundle(header(), drawn.judged("film", "ab" * 32, verdict), of_run)
    assert [task["priority"] for task in _found(made, "Task")] == ["urgent"] * flagged


def test_a_refused_film_has_a_report_without_findings(of_run):
    made = resources.bundle(header(), drawn.refused("film", "ab" * 32, "turned", "it is upside down"), of_run)
    Bundle.model_validate(made)
    (report,) = _found(made, "DiagnosticReport")
    assert "result" not in report and "refused: turned; it is upside down" in report["conclusion"]
    assert not _found(made, "Observation") and not _found(made, "Task")


def test_no_name_and_no_birth_date_is_told(of_run):
    made = str(resources.bundle(header(), drawn.judged("Doe Jane", "ab" * 32), of_run))
    assert "Doe" not in made and "19700101" not in made and "P1" in made


def test_what_is_posted_again_is_known_by_its_identifier(of_run):
    result = drawn.judged("film", "ab" * 32)
    first = resources.bundle(header(), result, of_run)
    assert resources.bundle(header(), result, of_run) == first
    for entry in first["entry"]:
        system, value = entry["resource"]["identifier"][0].values()
        assert entry["request"]["method"] == "POST" and "id" not in entry["resource"]
        assert entry["request"]["ifNoneExist"] == f"identifier={system}|{value}"
        # Servers put the address of what they keep in place of a transaction's own names, wherever these stand.
        assert entry["fullUrl"] not in str(entry["resource"])
    other = resources.bundle(header(), result, replace(of_run, rule="balanced"))
    asked = [{entry["request"]["ifNoneExist"] for entry in one["entry"][1:]} for one in (first, other)]
    assert asked[0].isdisjoint(asked[1])
