"""highdicom, which this project does not write with, reads the report back by its templates, and finds all in it."""

import highdicom
import numpy as np
import pytest
from pydicom.sr.coding import Code

from edge_app.dicom_objects import codes, results
from edge_app.model import model_file
from edge_app.screening import decision, run_context
from tests.support import results as drawn
from tests.support.dicom_headers import FILM, SERIES, STUDY, header, sent
from tests.support.films import draw_film
from tests.support.golden import GOLDEN


@pytest.fixture
def report():
    """Return a function that makes the report of a result and has highdicom read it."""
    context = run_context.of(model_file.read(GOLDEN / "tiny-int8.tflite"), "refer", "0.05", "0.1")

    def of(result):
        (made,) = results.made(header(), result, draw_film(1000, 600, 500), context, ["sr"])
        return highdicom.sr.ComprehensiveSR.from_dataset(sent(made))

    return of


def _coded(code: codes.Code) -> Code:
    return Code(*code)


def test_findings_are_found_by_their_codes(report):
    read = report(drawn.judged("film", "ab" * 32, found=drawn.inference(chances=True)))
    content = read.content
    for label, score in (("covid", 0.9), ("pneumonia", 0.2)):
        (group,) = content.get_image_measurement_groups(finding_type=_coded(codes.FINDINGS[label]))
        (certainty,) = group.get_measurements(name=_coded(codes.CERTAINTY))
        assert certainty.value == pytest.approx(score)
        (part,) = certainty.referenced_coordinates
        assert part.graphic_type == highdicom.sr.GraphicTypeValues.POLYLINE and part.value.shape == (5, 2)
        assert [site.value for site in group.finding_sites] == [_coded(codes.LUNG)]
        (answer,) = group.get_qualitative_evaluations(name=_coded(codes.ANSWER))
        assert answer.value in [_coded(code) for code in codes.ANSWERS.values()]
        assert [image.referenced_sop_instance_uid for image in group.source_images] == [FILM]
    (context,) = content.get_observer_contexts(observer_type=_coded(codes.DEVICE))
    assert context.observer_identifying_attributes.manufacturer_name == "covid-xray"
    evidence = read.get_evidence()
    assert [tuple(map(str, one[:3])) for one in evidence] == [(STUDY, SERIES, FILM)]


def test_opacities_are_planar_regions_of_the_film(report):
    heat = -3 * np.ones((5, 5), np.float32)
    heat[0, 0] = heat[4, 4] = 3
    read = report(drawn.judged("film", "ab" * 32, found=drawn.inference(heat=heat, chances=True)))
    groups = read.content.get_planar_roi_measurement_groups(finding_type=_coded(codes.OPACITY))
    assert len(groups) == 2
    for group in groups:
        outline = group.roi.value
        assert group.roi.graphic_type == highdicom.sr.GraphicTypeValues.POLYLINE
        assert (outline[0] == outline[-1]).all() and (outline >= 0).all() and (outline <= (500, 600)).all()
        (certainty,) = group.get_measurements(name=_coded(codes.CERTAINTY))
        assert certainty.value > 0.5


def test_how_often_a_cleared_film_is_cleared_rightly_is_read(report):
    read = report(drawn.judged("film", "ab" * 32, decision.NORMAL))
    (group,) = read.content.get_image_measurement_groups(finding_type=_coded(codes.FINDINGS["covid"]))
    (right,) = group.get_measurements(name=_coded(codes.WORTH["cleared"]))
    assert 0 < right.value <= 1 and right.unit == _coded(codes.NO_UNITS)


def test_a_refused_film_is_read_too(report):
    read = report(drawn.refused("film", "ab" * 32, "turned"))
    (group,) = read.content.get_image_measurement_groups(finding_type=_coded(codes.QUALITY))
    (judged,) = group.get_qualitative_evaluations(name=_coded(codes.JUDGEMENT))
    assert judged.value == _coded(codes.REFUSED)
    assert group.get_measurements() == []
