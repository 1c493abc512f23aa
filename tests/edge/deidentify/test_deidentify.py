"""De-identified copies: each element by the standard's table, consistent within a site, and whole films still."""

import io
from datetime import date

import numpy as np
import pydicom
import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as standard
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from edge_app.deidentify import burnt_in, film, secret, table
from edge_app.deidentify.attributes import Options, deidentified
from edge_app.errors import UnreadableRadiograph, WrongUsage
from tests.support.dicom_files import write_dicom
from tests.support.dicom_headers import complaints, header, sent
from tests.support.films import draw_film

SECRET, OTHER = secret.Secret(bytes(32)), secret.Secret(bytes([1]) * 32)


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made


def test_every_line_of_the_table_has_its_action():
    lines = [tag for tag in standard.ALL_TAGS if len(tag) == 2]
    assert len(lines) > 600
    for group, element in lines:
        assert table.action(group << 16 | element) in (table.REMOVE, table.EMPTY, table.DUMMY, table.UID, table.ITEMS)
    assert table.action(0x50020010) == table.action(0x60103000) == table.action(0x00990010) == table.REMOVE
    assert table.action(0x00280010) is None  # Rows


def test_elements_that_the_table_removes_are_gone_and_those_it_replaces_are_others():
    data_set = header()
    removed = [tag[0] << 16 | tag[1] for tag in standard.X_TAGS if len(tag) == 2 and tag[0] > 2]
    for tag in removed:
        if keyword_for_tag(tag) and dictionary_VR(tag) in ("LO", "SH", "ST", "LT", "UT"):
            data_set.add_new(tag, dictionary_VR(tag), "text")
    assert len(data_set) > 150
    found = deidentified(data_set, SECRET, Options())
    assert not [tag for tag in removed if tag in found]
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        assert found[keyword].value == SECRET.uid(data_set[keyword].value)
    for keyword in ("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "PatientBirthDate", "PatientSex"):
        assert found[keyword].is_empty
    assert found.SOPClassUID == data_set.SOPClassUID


def test_what_was_done_is_written():
    found = deidentified(header(), SECRET, Options(dates=True, characteristics=True))
    assert found.PatientIdentityRemoved == "YES" and found.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in found.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113107", "113108"]
    plain = deidentified(header(), SECRET, Options())
    assert [item.CodeValue for item in plain.DeidentificationMethodCodeSequence] == ["113100"]
    assert plain.LongitudinalTemporalInformationModified == "REMOVED"


def test_films_of_a_patient_and_a_study_stay_together():
    first = deidentified(header(), SECRET, Options())
    second = deidentified(header(SOPInstanceUID="1.2.9"), SECRET, Options())
    assert first.PatientID == second.PatientID and first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
    assert deidentified(header(PatientID="P2"), SECRET, Options()).PatientID != first.PatientID
    assert deidentified(header(IssuerOfPatientID="elsewhere"), SECRET, Options()).PatientID != first.PatientID
    another_site = deidentified(header(), OTHER, Options())
    assert another_site.PatientID != first.PatientID and another_site.StudyInstanceUID != first.StudyInstanceUID


def test_a_reference_follows_what_it_refers_to():
    referred = Dataset()
    referred.ReferencedSOPClassUID, referred.ReferencedSOPInstanceUID = header().SOPClassUID, "1.2.826.0.1.3"
    found = deidentified(header(SourceImageSequence=Sequence([referred])), SECRET, Options())
    (item,) = found.SourceImageSequence
    assert item.ReferencedSOPInstanceUID == found.SOPInstanceUID
    assert item.ReferencedSOPClassUID == header().SOPClassUID


def test_dates_of_a_patient_move_together():
    first = deidentified(header(StudyDate="20261101"), SECRET, Options(dates=True))
    second = deidentified(header(StudyDate="20261130", SOPInstanceUID="1.2.9"), SECRET, Options(dates=True))
    moved = [date.fromisoformat(str(one.StudyDate)) for one in (first, second)]
    assert (moved[1] - moved[0]).days == 29
    assert 1 <= (date(2026, 11, 1) - moved[0]).days <= secret.MOST_SHIFT
    assert deidentified(header(StudyDate="20260231"), SECRET, Options(dates=True)).StudyDate == ""


@pytest.mark.parametrize(("age", "kept"), [("045Y", "045Y"), ("099Y", "090Y"), ("006M", "000Y"), ("old", None)])
def test_ages_are_kept_on_request_and_the_oldest_are_alike(age, kept):
    film_header = header(PatientAge="001Y", PatientBirthDate=None)
    film_header["PatientAge"]._value = age
    found = deidentified(film_header, SECRET, Options(characteristics=True))
    assert found.get("PatientAge") == kept and found.PatientSex == "F"
    assert "PatientAge" not in deidentified(film_header, SECRET, Options())


def test_codes_are_kept_in_the_standards_own_words():
    ours = header(
        AnatomicRegionSequence=[_code("39607008", "SCT", "lung of Jane Doe"), _code("JD", "99HOSPITAL", "Jane Doe")],
        ViewCodeSequence=[_code("JD", "99HOSPITAL", "Jane Doe")],
    )
    found = deidentified(ours, SECRET, Options())
    assert [item.CodeMeaning for item in found.AnatomicRegionSequence] == ["Lung"]
    assert "ViewCodeSequence" not in found


def test_numbers_that_are_none_are_dropped_and_the_rest_is_kept():
    broken = header(Exposure="1")
    for tag, vr, value in ((0x00280010, "US", b"\x01"), (0x00280030, "DS", b"2x"), (0x00181152, "IS", b"7 ")):
        broken[tag] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    found = deidentified(broken, SECRET, Options())
    assert "Rows" not in found and "PixelSpacing" not in found and found.Exposure == 7


def test_a_copy_is_the_film(tmp_path):
    grey = draw_film(1000, 300, 250)
    path = write_dicom(tmp_path / "film.dcm", grey, PatientID="P1", WindowCenter=2000, WindowWidth=4000)
    made, written = film.copy(path, path.read_bytes(), SECRET, Options())
    read, before = pydicom.dcmread(io.BytesIO(written)), pydicom.dcmread(path)
    assert np.array_equal(read.pixel_array, before.pixel_array)
    for keyword in ("Modality", "ViewPosition", "BodyPartExamined", "WindowCenter", "BitsStored", "Rows"):
        assert read[keyword].value == before[keyword].value
    assert read.StudyInstanceUID and read.SeriesInstanceUID  # the film had none
    again = film.copy(path, path.read_bytes(), SECRET, Options())
    assert written == again[1] and made == again[0]


def test_dciodvfy_finds_no_error_that_the_film_did_not_have(tmp_path):
    data_set = header(SeriesNumber=1, ViewPosition="PA", BodyPartExamined="CHEST")
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    data_set.PixelData = (draw_film(1000, 600, 500).astype(np.uint16) << 4).tobytes()
    data_set.file_meta = pydicom.dataset.FileMetaDataset()
    data_set.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data_set.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    before = complaints(tmp_path / "film.dcm")
    _, written = film.copy(tmp_path / "film.dcm", (tmp_path / "film.dcm").read_bytes(), SECRET, Options())
    (tmp_path / "copy.dcm").write_bytes(written)
    allowed = (*before, "Retired Person Name form")
    assert [line for line in complaints(tmp_path / "copy.dcm") if not line.endswith(allowed)] == []


def test_words_in_the_pixels_refuse_a_film(tmp_path):
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.fromarray(draw_film(1000, 1200, 1000))
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(28)
    pen.text((20, 20), "R PA", fill=255, font=font)
    path = write_dicom(tmp_path / "marked.dcm", np.asarray(picture))
    film.copy(path, path.read_bytes(), SECRET, Options())
    pen.text((20, 80), "DOE JANE 1970", fill=255, font=font)
    path = write_dicom(tmp_path / "named.dcm", np.asarray(picture))
    with pytest.raises(UnreadableRadiograph, match=r"named.dcm: shows .* \d+ letters; 4 .*; look at it"):
        film.copy(path, path.read_bytes(), SECRET, Options())
    film.copy(path, path.read_bytes(), SECRET, Options(words=True))


@pytest.mark.parametrize("inverted", [False, True])
def test_drawn_films_show_no_words(inverted):
    for seed in range(1000, 1010):
        grey = draw_film(seed, 900, 750)
        assert burnt_in.longest_line(255 - grey if inverted else grey) < burnt_in.LEAST_LETTERS


def test_what_says_that_words_are_burnt_in_is_refused(tmp_path):
    path = write_dicom(tmp_path / "film.dcm", draw_film(1000, 240, 200), BurnedInAnnotation="YES")
    with pytest.raises(UnreadableRadiograph, match="says that words are burnt into it"):
        film.copy(path, path.read_bytes(), SECRET, Options())


def test_a_key_is_made_once_and_read_again(tmp_path):
    path = tmp_path / "new" / "site.key"
    first = secret.read(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret.read(path).uid("1.2") == first.uid("1.2") and first.uid("1.2").startswith("2.25.")
    assert secret.read(tmp_path / "another.key").uid("1.2") != first.uid("1.2")


@pytest.mark.parametrize("text", ["", "abc", "00" * 16, "not hexadecimal", "é"])
def test_a_file_that_is_no_key_is_refused(tmp_path, text):
    (tmp_path / "key").write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage, match="holds no key; 64 hexadecimal digits are allowed; name another file"):
        secret.read(tmp_path / "key")


def test_characters_of_a_header_are_read_as_they_are_meant():
    found = deidentified(sent_header("GB18030", "王^小东"), SECRET, Options())
    assert found.SpecificCharacterSet == "GB18030" and found.PatientID == str(found.PatientName)


def sent_header(charset: str, name: str) -> Dataset:
    """Return a header as it comes, in a character set."""
    made = header(SpecificCharacterSet=charset, PatientName=name)
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    return sent(made)
