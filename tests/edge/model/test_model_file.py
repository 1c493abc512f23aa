"""Model files that are packed and read back: network, lung network and card in one file."""

import copy
import io
import json
import zipfile

import pytest

from edge_app.imaging import preprocess
from edge_app.model import model_file
from tests.support.model_files import put


def test_a_packed_model_is_read_back(flatbuffer, lungs, card, tmp_path):
    card["name"], card["extra"] = "other", {"kept": [1, 2]}
    model = model_file.read(put(model_file.pack(flatbuffer, lungs, card), tmp_path))
    assert (model.scores, model.lungs) == (flatbuffer, lungs)
    parsed = model.card
    assert parsed.name == "other"
    assert parsed.labels == ("normal", "covid", "pneumonia")
    assert parsed.size == 32
    assert parsed.raw["extra"] == {"kept": [1, 2]}
    assert set(parsed.operating_points) == {"refer", "sensitive", "balanced"}
    assert all(set(points) == {"covid", "pneumonia"} for points in parsed.operating_points.values())
    assert parsed.operating_points["sensitive"]["covid"].threshold == 0.3
    assert parsed.operating_points["balanced"]["covid"].figures["sensitivity"]["low"] == 0.8
    assert set(parsed.operating_points["balanced"]["covid"].figures) == {"sensitivity", "specificity"}
    assert parsed.operating_points["refer"]["covid"].figures["referred"]["value"] == 0.3
    assert parsed.operating_points["refer"]["covid"].unsure_from == 0.2
    assert parsed.operating_points["sensitive"]["covid"].unsure_from is None


def test_the_limits_of_each_rule(flatbuffer, lungs, card, tmp_path):
    parsed = model_file.read(put(model_file.pack(flatbuffer, lungs, card), tmp_path)).card
    assert parsed.limits("sensitive") == ({"covid": 0.3, "pneumonia": 0.5}, {})
    assert parsed.limits("balanced") == ({"covid": 0.5, "pneumonia": 0.5}, {})
    assert parsed.limits("refer") == ({"covid": 0.8, "pneumonia": 0.5}, {"covid": (0.2, 0.8)})
    card["operating_points"]["refer"]["covid"]["low"] = 0.8
    parsed = model_file.read(put(model_file.pack(flatbuffer, lungs, card), tmp_path)).card
    assert parsed.limits("refer") == ({"covid": 0.8, "pneumonia": 0.5}, {})  # nothing lies in an empty band


def test_a_model_of_two_labels(flatbuffer, lungs, card, tmp_path):
    card["labels"] = ["normal", "covid"]
    for points in card["operating_points"].values():
        del points["pneumonia"]
    parsed = model_file.read(put(model_file.pack(flatbuffer, lungs, card), tmp_path)).card
    assert parsed.limits("refer") == ({"covid": 0.8}, {"covid": (0.2, 0.8)})


def test_packing_twice_gives_the_same_bytes(flatbuffer, lungs, card):
    assert model_file.pack(flatbuffer, lungs, card) == model_file.pack(flatbuffer, lungs, copy.deepcopy(card))


def test_a_deflated_file_is_smaller_and_reads_alike(flatbuffer, lungs, card):
    plain, small = (model_file.pack(flatbuffer, lungs, card, deflate=deflate) for deflate in (False, True))
    assert len(small) < len(plain) - 1000
    one, other = model_file.unpack(plain, "plain"), model_file.unpack(small, "small")
    assert (one.scores, one.lungs, one.card.raw) == (other.scores, other.lungs, other.card.raw)


def test_the_hour_of_packing_is_not_in_the_file(flatbuffer, lungs, card):
    with zipfile.ZipFile(io.BytesIO(model_file.pack(flatbuffer, lungs, card))) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_any_zip_reader_finds_card_and_labels(model_path):
    with zipfile.ZipFile(model_path) as archive:
        assert sorted(archive.namelist()) == ["card.json", "labels.txt", "lungs.tflite"]
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().split() == ["normal", "covid", "pneumonia"]
        assert json.loads(archive.read("card.json"))["name"] == "drawn-int8"


def test_packing_checks_what_reading_would(flatbuffer, lungs, card):
    for name, pair in (("scores", (b"no flatbuffer", lungs)), ("lungs", (flatbuffer, b"no flatbuffer"))):
        with pytest.raises(ValueError, match=f"^{name} begins with .*; a TFLite flatbuffer has 'TFL3' at byte 4"):
            model_file.pack(*pair, card)
    packed = model_file.pack(flatbuffer, lungs, card)
    for name, pair in (("scores", (packed, lungs)), ("lungs", (flatbuffer, packed))):
        with pytest.raises(ValueError, match=f"^{name} already carries a zip"):
            model_file.pack(*pair, card)
    del card["labels"]
    with pytest.raises(ValueError, match="labels"):
        model_file.pack(flatbuffer, lungs, card)


def test_a_temperature_is_recorded(flatbuffer, lungs, card):
    packed = model_file.pack(flatbuffer, lungs, card | {"temperature": 1.7})
    assert model_file.unpack(packed, "tiny").card.raw["temperature"] == 1.7


def test_a_difference_of_one_grey_level_is_no_other_way(tmp_path, flatbuffer, lungs, card):
    samples = bytearray.fromhex(preprocess.fingerprint(32))
    samples[100] += 1 if samples[100] < 255 else -1
    card["preprocess"]["fingerprint"] = bytes(samples).hex()
    assert model_file.read(put(model_file.pack(flatbuffer, lungs, card), tmp_path)).scores == flatbuffer
