"""Results as DICOM objects: they lie beside their film, are told apart from it, and are the same when made again."""

from dataclasses import replace

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from edge_app.dicom_objects import results
from edge_app.errors import NoDicomResult
from edge_app.screening.result import Corrected
from tests.support import results as drawn
from tests.support.dicom_headers import COLUMNS, FILM, ROWS, SERIES, STUDY, header, sent


@pytest.fixture
def made(suspected, grey, of_run):
    """Return a function that makes objects of a header as their receiver reads them, by kind."""

    def of(film: Dataset, result=suspected, context=of_run, kinds=results.KINDS) -> dict[str, Dataset]:
        objects = results.made(film, result, grey, context, kinds)
        return dict(zip(kinds, map(sent, objects), strict=True))

    return of


def test_each_kind_is_of_the_study_and_in_a_series_of_its_own(made):
    found = made(header())
    assert {str(one.StudyInstanceUID) for one in found.values()} == {STUDY}
    series = {str(one.SeriesInstanceUID) for one in found.values()}
    assert len(series) == len(results.KINDS) and SERIES not in series
    assert {kind: one.Modality for kind, one in found.items()} == {"sc": "OT", "sr": "SR", "gsps": "PR", "pdf": "DOC"}
    for one in found.values():
        assert (one.PatientName, one.PatientID, one.AccessionNumber) == ("Doe^Jane", "P1", "A1")
        assert "not for diagnosis" in one.SeriesDescription and "AI" in one.SeriesDescription
        assert one.InstanceNumber == 3


def test_what_is_made_again_is_the_same_instance(made, of_run):
    first, again = made(header()), made(header())
    assert first == again
    for other in (
        made(header(SOPInstanceUID="1.2.3.9")),
        made(header(), context=replace(of_run, sha256="cd" * 32)),
        made(header(), context=replace(of_run, rule="balanced")),
        made(header(), context=replace(of_run, prevalence=0.5)),
    ):
        uids = {kind: one.SOPInstanceUID for kind, one in other.items()}
        assert all(uids[kind] != first[kind].SOPInstanceUID for kind in results.KINDS)


def test_films_of_a_study_share_the_series_of_a_kind(made):
    first, second = made(header()), made(header(SOPInstanceUID="1.2.3.9", InstanceNumber=4))
    for kind in results.KINDS:
        assert first[kind].SeriesInstanceUID == second[kind].SeriesInstanceUID
        assert first[kind].InstanceNumber < second[kind].InstanceNumber


@pytest.mark.parametrize("keyword", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"])
def test_a_film_without_a_uid_gets_no_object(suspected, grey, of_run, keyword):
    with pytest.raises(NoDicomResult, match=r"lacks .+ UID; .+; send the film again") as refused:
        results.made(header(**{keyword: None}), suspected, grey, of_run, results.KINDS)
    assert "Doe" not in str(refused.value) and STUDY not in str(refused.value)


def test_what_a_film_does_not_tell_is_empty(made):
    film = header()
    for keyword in ("PatientName", "PatientID", "PatientSex", "StudyDate", "AccessionNumber", "InstanceNumber"):
        delattr(film, keyword)
    for one in made(film).values():
        assert one["PatientName"].is_empty and one["PatientID"].is_empty and one["StudyDate"].is_empty
        assert one.InstanceNumber == 1


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        ("GBK", "Wang^XiaoDong=王^小东"),
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 144", "Иванов^Иван"),
        ("ISO_IR 166", "นคร^สมชาย"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
    ],
)
def test_names_keep_their_characters(made, charset, name):
    film = header(SpecificCharacterSet=charset, PatientName=name)
    for one in made(sent_header(film)).values():
        assert one.SpecificCharacterSet == charset
        assert str(one.PatientName) == name


def test_a_name_without_a_character_set_keeps_its_bytes(made):
    film = header(SpecificCharacterSet=None)
    film.PatientName = "Müller^Jürgen"
    for one in made(sent_header(film)).values():
        assert "SpecificCharacterSet" not in one
        assert str(one.PatientName) == "Müller^Jürgen"


def test_private_elements_stay_behind(made):
    film, item = header(), Dataset()
    item.PatientID = "other"
    for where in (film, item):
        where.private_block(0x0011, "MAKER", create=True).add_new(1, "LO", "secret")
    film.OtherPatientIDsSequence = [item]
    for one in made(film).values():
        assert one.OtherPatientIDsSequence[0].PatientID == "other"
        assert not [element for element in one.iterall() if element.tag.is_private]


def test_the_capture_says_what_it_is(made, grey, of_run):
    one = made(header(LossyImageCompression="01", LossyImageCompressionRatio=9))["sc"]
    assert one.ImageType == ["DERIVED", "SECONDARY"] and one.ConversionType == "WSD"
    assert one.BurnedInAnnotation == "YES" and one.RecognizableVisualFeatures == "NO"
    assert (one.LossyImageCompression, one.LossyImageCompressionRatio) == ("01", 9)
    assert one.PatientOrientation == ["L", "F"]
    assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == FILM
    assert one.ImageComments == "Research and triage aid, not a diagnosis."
    picture = one.pixel_array
    assert picture.shape == (one.Rows, one.Columns, 3) and picture.dtype == np.uint8
    assert np.ptp(picture) > 200


def test_the_capture_tells_no_path(suspected, grey, of_run):
    (one,) = results.made(header(), suspected, grey, of_run, ["sc"])
    (nameless,) = results.made(header(), suspected.nameless(), grey, of_run, ["sc"])
    assert one.PixelData == nameless.PixelData


def test_the_presentation_state_shows_the_film_as_it_is(made):
    shown = made(header(RescaleSlope=2, RescaleIntercept=-5))["gsps"]
    assert (shown.RescaleSlope, shown.RescaleIntercept) == (2, -5)
    assert shown.SoftcopyVOILUTSequence[0].WindowCenter == 2048
    assert shown.PresentationLUTShape == "IDENTITY"
    assert made(header(PhotometricInterpretation="MONOCHROME1"))["gsps"].PresentationLUTShape == "INVERSE"
    assert shown.DisplayedAreaSelectionSequence[0].DisplayedAreaBottomRightHandCorner == [COLUMNS, ROWS]
    annotation = shown.GraphicAnnotationSequence[0]
    words = annotation.TextObjectSequence[0].UnformattedTextValue
    assert words.startswith("covid suspected") and words.endswith("not a diagnosis.")
    assert [one.NumberOfGraphicPoints * 2 for one in annotation.GraphicObjectSequence] == [
        len(one.GraphicData) for one in annotation.GraphicObjectSequence
    ]


def test_a_refused_film_is_told_by_every_kind_without_a_score(made, turned_away):
    found = made(header(), turned_away)
    drawn = found["gsps"].GraphicAnnotationSequence[0]
    assert drawn.TextObjectSequence[0].UnformattedTextValue.startswith("refused: turned")
    assert "GraphicObjectSequence" not in drawn
    assert not [one for one in found["sr"].iterall() if one.keyword == "NumericValue"]


def test_values_that_break_the_standard_do_no_harm(suspected, grey, of_run):
    written = sent_header(header())
    for tag, vr, value in (
        (0x00281050, "DS", b"abc "),
        (0x00281051, "DS", b"1\\x "),
        (0x00200020, "CS", b"\xff\xfe"),
        (0x00100030, "DA", b"nineteen"),
        (0x00100010, "PN", b"\x1b$B\xff^^^^^^^^"),
        (0x00200013, "IS", b"three "),
        (0x00282112, "DS", b"much"),
        (0x00280034, "IS", b"a\\b "),
        (0x00281053, "DS", b"1 "),
    ):
        written[tag] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    for made in results.made(written, suspected, grey, of_run, results.KINDS):
        received = sent(made)
        assert (received.InstanceNumber, received.StudyInstanceUID) == (1, STUDY)
        assert "RescaleSlope" not in received and "SoftcopyVOILUTSequence" not in received


def test_a_table_of_a_film_without_vrs_is_kept(suspected, grey, of_run):
    table = Dataset()
    table.LUTDescriptor, table.LUTData = [4, 0, 16], np.uint16([0, 80, 160, 255]).tobytes()
    film = header(WindowCenter=None, WindowWidth=None, VOILUTSequence=[table], PixelRepresentation=0)
    (made,) = results.made(sent_header(film, ImplicitVRLittleEndian), suspected, grey, of_run, ["gsps"])
    shown = sent(made).SoftcopyVOILUTSequence[0].VOILUTSequence[0]
    assert shown.LUTDescriptor == [4, 0, 16] and "PixelRepresentation" not in sent(made)


def test_what_a_refused_film_would_read_put_right_is_not_drawn(turned_away, grey, of_run):
    corrected = Corrected("turned by 180 degrees", drawn.findings(), drawn.SCORES)
    with_offer = replace(turned_away, corrected=corrected)
    pictures = [results.made(header(), one, grey, of_run, ["sc"])[0].PixelData for one in (turned_away, with_offer)]
    assert pictures[0] == pictures[1]


def test_a_film_in_colours_gets_no_presentation_state(suspected, grey, of_run):
    film = header(SamplesPerPixel=3, PhotometricInterpretation="RGB")
    assert [one.Modality for one in results.made(film, suspected, grey, of_run, results.KINDS)] == ["OT", "SR", "DOC"]


def test_a_pdf_is_kept_byte_by_byte(suspected, grey, of_run):
    pdf = b"%PDF-1.4\n%odd"
    (one,) = results.made(header(), suspected, grey, of_run, ["pdf"], pdf)
    received = sent(one)
    assert received.EncapsulatedDocument[: received.EncapsulatedDocumentLength] == pdf
    (own,) = results.made(header(), suspected, grey, of_run, ["pdf"])
    assert own.EncapsulatedDocument.startswith(b"%PDF-")


def test_an_unknown_kind_is_a_bug(suspected, grey, of_run):
    with pytest.raises(ValueError, match="seg"):
        results.made(header(), suspected, grey, of_run, ["seg"])


def sent_header(film: Dataset, syntax=ExplicitVRLittleEndian) -> Dataset:
    """Return a header as it comes: its values are bytes, in its own character set."""
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = syntax
    return sent(film)
