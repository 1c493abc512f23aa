"""JSON that somebody changed: whatever reads it says so in one sentence, or takes it. `make fuzz` takes 100,000."""

import json
import math
import zipfile

import pytest

from edge_app import json_text
from edge_app.errors import ModelMismatch, WrongUsage
from edge_app.fleet import record
from edge_app.model import model_file, site_calibration
from tests.support.json_readers import readers
from tests.support.mutated_json import mutated
from tests.support.site_calibration import calibration
from tests.system.fuzz.json_campaign import wrong

COUNT = 60
NAMES = ("a site's calibration", "a model's card", "settings of the page", "tokens", "installed models")
NAMES += ("an inventory", "the record of a roll-out", "a request to a device", "an answer of a device", "any text")


@pytest.mark.parametrize("name", NAMES)
def test_changed_json_is_taken_or_refused_in_a_sentence(tmp_path, model_path, name):
    reader = readers(tmp_path, model_path)[name]
    reader.read(json.dumps(reader.value).encode())
    refused = 0
    for number in range(COUNT):
        content = mutated(reader.value, f"26/{number}")
        assert wrong(reader, content) == "", number
        try:
            reader.read(content)
        except reader.raises:
            refused += 1
    assert refused > COUNT / 5


def test_every_reader_is_tried(tmp_path, model_path):
    assert set(readers(tmp_path, model_path)) == set(NAMES)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "1" + "0" * 400, "1e999", "NaN", "[-Infinity]", b"\xff", "", "{'a': 1}"]
)
def test_what_python_would_take_or_die_of_is_not_json(text):
    with pytest.raises(ValueError):
        json_text.parse(text)


def test_json_is_json():
    assert json_text.parse('{"a": [1, -2.5e3, "Ω", null, true]}') == {"a": [1, -2500.0, "Ω", None, True]}


def test_what_is_quoted_is_short():
    assert len(json_text.quoted("x" * 1_000_000)) == 60
    assert len(json_text.quoted(["x" * 1_000_000] * 1000)) <= json_text.MOST_QUOTED + 3
    assert len(json_text.quoted([[["x" * 100] * 9] * 9] * 9)) <= json_text.MOST_QUOTED + 3
    assert json_text.quoted("balanced") == "'balanced'"


@pytest.mark.parametrize("patients", ["1" + "0" * 400, "Infinity", "1e999"])
def test_a_site_cannot_claim_more_patients_than_there_are_people(model_path, patients):
    model = model_file.read(model_path)
    content = json.dumps(calibration(model_path)).replace('"patients": 300', f'"patients": {patients}').encode()
    with pytest.raises(ValueError, match=r"^is not JSON \("):
        site_calibration.applied(model.card, content, model.sha256, "refer", "ab" * 32, "physicist")
    assert math.isclose(site_calibration.most_proven(300), 0.025 ** (1 / 300))


def test_a_model_file_that_unpacks_to_gigabytes_is_refused_unread(tmp_path, model_path):
    path = tmp_path / "bomb.tflite"
    path.write_bytes(model_file.read(model_path).scores)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive, archive.open(model_file.CARD, "w") as card:
        for _ in range(model_file.MOST_UNPACKED // (1 << 20) + 1):
            card.write(bytes(1 << 20))
    with pytest.raises(ModelMismatch, match="carries no card: it is cut off, or this project did not make it; "):
        model_file.read(path)


def test_the_record_of_another_roll_out_that_names_no_file(tmp_path):
    path = tmp_path / "record.json"
    path.write_text(json.dumps({"version": 1, "sha256": "ab", "waves": [], "devices": {}, "watched": 0, "halted": ""}))
    with pytest.raises(WrongUsage, match="is not the record of a roll-out, or is damaged; name another with --record"):
        record.opened(path, "cd", "model.tflite", [], [])
