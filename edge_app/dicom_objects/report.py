"""The structured report: an Imaging Measurement Report, PS3.16 TID 1500, in a Comprehensive SR (PS3.3 A.35.3)."""

from collections.abc import Iterator, Sequence

from pydicom.dataset import Dataset
from pydicom.uid import ComprehensiveSRStorage

from edge_app import __version__
from edge_app.dicom_objects import codes, content, identity, regions
from edge_app.dicom_objects.codes import Code
from edge_app.dicom_objects.content import CONTAINS, CONTEXT, MODIFIES
from edge_app.dicom_objects.identity import plain
from edge_app.screening import finding, phrasing
from edge_app.screening.finding import Finding
from edge_app.screening.result import Judged, Refused, Screened
from edge_app.screening.run_context import RunContext

KIND, DESCRIPTION = "sr", "AI result, not for diagnosis: report"


def made(header: Dataset, result: Screened, film: tuple[int, int], context: RunContext) -> Dataset:
    """Return the structured report of a result.

    Args:
        header: of the film.
        result: of the film.
        film: (H, W) of the film that was judged.
        context: of its run.
    """
    report = identity.begun(header, ComprehensiveSRStorage, KIND, result.time, context)
    identity.series(report, "SR", 1, DESCRIPTION)
    # All that will be said is said; nobody has read it: PS3.3 C.17.2.3.
    report.CompletionFlag, report.VerificationFlag, report.PreliminaryFlag = "COMPLETE", "UNVERIFIED", "PRELIMINARY"
    report.ReferencedPerformedProcedureStepSequence, report.PerformedProcedureCodeSequence = [], []
    report.CurrentRequestedProcedureEvidenceSequence = [_evidence(header)]
    refused = isinstance(result, Refused)
    groups = _refused(header, result, context) if refused else _judged(header, result, film, context)
    root = content.container(
        codes.REPORT,
        "1500",
        [
            content.code(MODIFIES, codes.LANGUAGE, codes.ENGLISH),
            *_observer(context),
            content.code(MODIFIES, codes.PROCEDURE, codes.CHEST_FILM),
            content.container(codes.MEASUREMENTS, None, groups),
        ],
        relation=None,
    )
    report.update(root)
    return report


def _evidence(header: Dataset) -> Dataset:
    """Return an item of Current Requested Procedure Evidence Sequence: the film (PS3.3 C.17.2.3)."""
    series, study = Dataset(), Dataset()
    series.SeriesInstanceUID = header.SeriesInstanceUID
    series.ReferencedSOPSequence = [content.reference(header)]
    study.StudyInstanceUID, study.ReferencedSeriesSequence = header.StudyInstanceUID, [series]
    return study


def _observer(context: RunContext) -> list[Dataset]:
    """Return TID 1001 and 1004: a device observed, not a person."""
    return [
        content.code(CONTEXT, codes.OBSERVER_TYPE, codes.DEVICE),
        content.uid(CONTEXT, codes.OBSERVER_UID, identity.uid("device", context.sha256)),
        content.text(CONTEXT, codes.OBSERVER_NAME, plain(context.card.name)),
        content.text(CONTEXT, codes.OBSERVER_MAKER, identity.MANUFACTURER),
        content.text(CONTEXT, codes.OBSERVER_MODEL, plain(context.card.name)),
    ]


def _judged(header: Dataset, result: Judged, film: tuple[int, int], context: RunContext) -> Iterator[Dataset]:
    """Return a group for each finding, TID 1501, and behind it one for each of its opacities, TID 1410."""
    stored = regions.stored(header)
    lungs = regions.box(result.field, film, *stored)
    for label, found in result.findings.items():
        said = [_score(found.score, lungs, header), *_answered(label, found, context)]
        yield _group("1501", header, context, label, codes.FINDINGS[label], label, said)
        shown = result.inference.heats.get(label)
        if found.answer == finding.CLEARED or shown is None:
            continue
        opacities = regions.found(shown, result.field, film, *stored)
        for number, region in enumerate(opacities, 1):
            outline = _outline(CONTAINS, codes.REGION, region.outline, header)
            said = [content.number(CONTAINS, codes.CERTAINTY, region.chance), outline]
            yield _group("1410", header, context, f"{label} opacity {number}", codes.OPACITY, label, said)


def _score(score: float, lungs: Sequence[tuple[float, float]], header: Dataset) -> Dataset:
    """Return the score of a finding and the part of the film that it was made from (TID 320).

    OHIF 3.13 shows no group of a report in which one group has no coordinates.
    """
    part = _outline(content.INFERRED, codes.SOURCE_OF_MEASUREMENT, lungs, header)
    return content.number(CONTAINS, codes.CERTAINTY, score, [part])


def _outline(relation: str, name: Code, outline: Sequence[tuple[float, float]], header: Dataset) -> Dataset:
    """Return an outline on the film."""
    return content.polygon(relation, name, outline, [content.image(content.SELECTED, codes.SOURCE, header)])


def _refused(header: Dataset, result: Refused, context: RunContext) -> Iterator[Dataset]:
    """Return the one group of a film that was not judged: why, and no score."""
    said = [
        content.code(CONTAINS, codes.JUDGEMENT, codes.REFUSED),
        content.code(CONTAINS, codes.REFUSAL, codes.refusal(result.refusal.kind)),
        content.text(CONTAINS, codes.COMMENT, plain(result.refusal.sentence)),
    ]
    yield _group("1501", header, context, "film", codes.QUALITY, None, said)


def _group(
    template: str, header: Dataset, context: RunContext, name: str, what: Code, label: str | None, said: list[Dataset]
) -> Dataset:
    """Return a measurement group: what was found, by which algorithm, and what is said of it."""
    tracked = identity.uid(str(header.SOPInstanceUID), *identity.judged_by(context), "tracking", name)
    below = [
        content.text(CONTEXT, codes.TRACKING_NAME, name),
        content.uid(CONTEXT, codes.TRACKING_UID, tracked),
        content.code(CONTAINS, codes.FINDING, what),
        content.code(MODIFIES, codes.FINDING_SITE, codes.LUNG),
        *_algorithm(context, label),
        *said,
    ]
    if template == "1501":  # a region names its image itself
        below.append(content.image(CONTAINS, codes.SOURCE_OF_MEASUREMENT, header))
    return content.container(codes.GROUP, template, below)


def _algorithm(context: RunContext, label: str | None) -> list[Dataset]:
    """Return TID 4019: which algorithm, with which settings, and what these gave on whose films."""
    told = [f"model file sha256 {context.sha256}", f"operating point '{context.rule}'"]
    if label:
        told.append(f"{phrasing.named(label)}: {phrasing.describe(context.points[label])}")
    if context.card.site:
        told.append(phrasing.of_site(context.card.site))
    if context.card.localisation:
        told.append(phrasing.localisation(context.card.localisation))
    told.append(phrasing.NOT_A_DIAGNOSIS)
    return [
        content.text(MODIFIES, codes.ALGORITHM_NAME, plain(context.card.name)),
        content.text(MODIFIES, codes.ALGORITHM_VERSION, __version__),
        *(content.text(MODIFIES, codes.ALGORITHM_PARAMETERS, plain(words)) for words in told),
        content.code(MODIFIES, codes.ALGORITHM_FAMILY, codes.ARTIFICIAL_INTELLIGENCE),
    ]


def _answered(label: str, found: Finding, context: RunContext) -> list[Dataset]:
    """Return the thresholds of a finding, what they gave, how often such an answer is right, and the answer.

    The algorithm was not taught to tell the classes of appearance apart: films labelled by a test are among those of
    COVID-19. So it does not name one.
    """
    said = [content.number(CONTAINS, codes.SUSPECTED_FROM, found.suspected_from)]
    if found.unsure_from is not None:
        said.append(content.number(CONTAINS, codes.UNSURE_FROM, found.unsure_from))
    figures = context.points[label].shown
    said.append(_share(codes.SENSITIVITY, figures["sensitivity"]))
    said.append(_share(codes.SPECIFICITY, figures["specificity"]))
    if label in context.prevalences:
        said.append(content.number(CONTAINS, codes.PREVALENCE, context.prevalences[label]))
        right = context.worth[label].get(found.answer)
        said += [_share(codes.WORTH[found.answer], right)] if right else []
    said.append(content.code(CONTAINS, codes.ANSWER, codes.ANSWERS[found.answer]))
    if label == "covid":
        said.append(content.code(CONTAINS, codes.APPEARANCE, codes.NOT_EVALUATED))
    return said


def _share(name: Code, figure) -> Dataset:
    """Return a share with how far its interval reaches above and below it (TID 310)."""
    value, low, high = (figure[part] for part in ("value", "low", "high"))
    bounds = ((codes.UPPER, high - value), (codes.LOWER, value - low))
    return content.number(CONTAINS, name, value, [content.number(content.PROPERTY, *bound) for bound in bounds])
