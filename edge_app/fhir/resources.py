"""A result as a transaction of FHIR R4: a DiagnosticReport, an Observation for each finding, and the Device.

A film with a suspected finding also has a Task of urgent priority, which worklists sort by: reports have no priority.
Identifiers follow from the film, the model and the operating point, and a resource is created only where none has its
identifier: what is posted again is not doubled, and what somebody has done with it meanwhile stays.
"""

import uuid
from datetime import datetime

from pydicom.dataset import Dataset

from edge_app import __version__
from edge_app.dicom_objects import codes, identity
from edge_app.dicom_objects.codes import Code
from edge_app.screening import finding, phrasing
from edge_app.screening.finding import Finding
from edge_app.screening.result import Judged, Screened
from edge_app.screening.run_context import RunContext

# What FHIR calls the schemes of coded terms (terminology.hl7.org).
SYSTEMS = {
    "SCT": "http://snomed.info/sct",
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "RADLEX": "http://www.radlex.org",
    "UCUM": "http://unitsofmeasure.org",
    codes.OWN: "https://terms.invalid/covid-xray",
}
DICOM_UID = "urn:dicom:uid"
# The system of identifiers that are URIs (R4, Identifier.system).
URI = "urn:ietf:rfc:3986"
HL7 = "http://terminology.hl7.org/CodeSystem/"
# HL7's ObservationInterpretation.
INTERPRETED = {finding.SUSPECTED: "POS", finding.UNSURE: "IND", finding.CLEARED: "NEG"}


def bundle(header: Dataset, result: Screened, context: RunContext) -> dict:
    """Return the transaction, as JSON takes it.

    It names the patient by ID, and the request by accession number, as the film does: by no name and no birth date.

    Args:
        header: the film's data set.
        result: of the film.
        context: of its run.

    Raises:
        NoDicomResult: the header lacks a UID by which results are tied to the film.
    """
    identity.check(header)
    ids = _Ids(header, context)
    device = _device(ids, context)
    observed = []
    if isinstance(result, Judged):
        observed = [
            _observation(ids, device, label, found, result, context) for label, found in result.findings.items()
        ]
    report = _report(ids, result, observed)
    resources = [device, *observed, report]
    if any(one.answer == finding.SUSPECTED for one in getattr(result, "findings", {}).values()):
        resources.append(_task(ids, result, device, report))
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(map(_entry, resources))}


def _entry(resource: dict) -> dict:
    """Return the part of a transaction that creates a resource unless one has its identifier (R4 3.1.0.8.1)."""
    kind, value = resource["resourceType"], resource["identifier"][0]["value"]
    request = {"method": "POST", "url": kind, "ifNoneExist": f"identifier={URI}|{value}"}
    return {"fullUrl": _place(resource), "resource": resource, "request": request}


class _Ids:
    """What ties the resources together, and to the film."""

    def __init__(self, header: Dataset, context: RunContext):
        self._names = (str(header.SOPInstanceUID), *identity.judged_by(context))
        self.device = _own("device", context.sha256, __version__)
        self.patient = _identified(header, "PatientID", "Patient", "MR")
        self.request = _identified(header, "AccessionNumber", "ServiceRequest", "ACSN")
        self.study = {"type": "ImagingStudy", "identifier": _uid(header.StudyInstanceUID)}
        self.film = _uid(header.SOPInstanceUID)

    def of(self, what: str) -> dict:
        """Return the identifier of a resource of this film."""
        return _own(*self._names, "fhir", what)

    def about(self) -> dict:
        """Return the patient as a resource refers to them; nothing if the film does not tell."""
        return {"subject": self.patient} if self.patient else {}


def _own(*names: str) -> dict:
    return {"system": URI, "value": f"urn:oid:{identity.uid(*names)}"}


def _place(resource: dict) -> str:
    """Return where a resource is within the transaction; servers put its address in place of this wherever it stands.

    So it must not be the identifier: it is the same number, written as a UUID.
    """
    return uuid.UUID(int=int(resource["identifier"][0]["value"].rpartition(".")[2])).urn


def _to(resource: dict) -> dict:
    return {"reference": _place(resource)}


def _uid(value: str) -> dict:
    return {"system": DICOM_UID, "value": f"urn:oid:{value}"}


def _identified(header: Dataset, keyword: str, resource: str, kind: str) -> dict | None:
    """Return a reference to what the film knows by a number alone; `kind` is of HL7's table 0203."""
    value = identity.value(header, keyword)
    kinds = {"coding": [{"system": f"{HL7}v2-0203", "code": kind}]}
    return {"type": resource, "identifier": {"type": kinds, "value": value}} if value else None


def _concept(code: Code) -> dict:
    coding = {"system": SYSTEMS[code.scheme], "code": code.value, "display": code.meaning}
    return {"coding": [coding], "text": code.meaning}


def _device(ids: _Ids, context: RunContext) -> dict:
    return {
        "resourceType": "Device",
        "identifier": [ids.device],
        "status": "active",
        "manufacturer": identity.MANUFACTURER,
        "deviceName": [{"name": context.card.name, "type": "model-name"}],
        "version": [{"value": __version__}, {"value": context.sha256}],
        "note": [{"text": phrasing.NOT_A_DIAGNOSIS}],
    }


def _observation(ids: _Ids, device: dict, label: str, found: Finding, result: Judged, context: RunContext) -> dict:
    numbers = [(codes.CERTAINTY, found.score), (codes.SUSPECTED_FROM, found.suspected_from)]
    numbers += [(codes.UNSURE_FROM, found.unsure_from)] if found.unsure_from is not None else []
    return {
        "resourceType": "Observation",
        "identifier": [ids.of(label)],
        "status": "preliminary",
        "category": [{"coding": [{"system": f"{HL7}observation-category", "code": "imaging"}]}],
        "code": _concept(codes.FINDINGS[label]),
        **ids.about(),
        "issued": _instant(result.time),
        "valueCodeableConcept": _concept(codes.ANSWERS[found.answer]),
        "interpretation": [
            {"coding": [{"system": f"{HL7}v3-ObservationInterpretation", "code": INTERPRETED[found.answer]}]}
        ],
        "device": _to(device),
        "derivedFrom": [ids.study],
        "component": [{"code": _concept(code), "valueQuantity": _quantity(number)} for code, number in numbers],
        "note": [
            {"text": f"{phrasing.named(label)}: {phrasing.describe(context.points[label])}"},
            {"text": phrasing.NOT_A_DIAGNOSIS},
        ],
    }


def _quantity(number: float) -> dict:
    return {"value": round(number, 6), "system": SYSTEMS["UCUM"], "code": "1"}


def _report(ids: _Ids, result: Screened, observed: list[dict]) -> dict:
    row = result.row()
    told = [phrasing.outcome(row), *([phrasing.findings(row["findings"])] if row["findings"] else [])]
    told += [row["refusal"]["sentence"]] if row["refusal"] else []
    return {
        "resourceType": "DiagnosticReport",
        "identifier": [ids.of("report"), ids.film],
        **({"basedOn": [ids.request]} if ids.request else {}),
        "status": "preliminary",
        "category": [{"coding": [{"system": f"{HL7}v2-0074", "code": "RAD"}]}],
        "code": _concept(codes.CHEST_FILM),
        **ids.about(),
        "issued": _instant(result.time),
        **({"result": list(map(_to, observed))} if observed else {}),
        "imagingStudy": [ids.study],
        "conclusion": "; ".join((*told, phrasing.NOT_A_DIAGNOSIS)),
    }


def _task(ids: _Ids, result: Screened, device: dict, report: dict) -> dict:
    """Return the flag: please look at this film first."""
    return {
        "resourceType": "Task",
        "identifier": [ids.of("task")],
        **({"basedOn": [ids.request]} if ids.request else {}),
        "status": "requested",
        "intent": "proposal",
        "priority": "urgent",
        "description": f"A film for a radiologist's early look. {phrasing.NOT_A_DIAGNOSIS}",
        "focus": _to(report),
        **({"for": ids.patient} if ids.patient else {}),
        "authoredOn": _instant(result.time),
        "requester": _to(device),
    }


def _instant(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds")
