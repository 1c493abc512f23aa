"""Model files that are damaged, cut off, forged or of another version: each is refused with a sentence."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from edge_app.errors import ModelMismatch
from edge_app.imaging import preprocess
from edge_app.model import model_file
from tests.support.model_files import put

# Every field that the edge acts on; each one is taken out in turn.
FIELDS = (
    "name",
    "labels",
    "preprocess",
    "preprocess.size",
    "preprocess.fingerprint",
    "operating_points",
    "operating_points.refer",
    "operating_points.sensitive",
    "operating_points.balanced",
    "operating_points.balanced.covid",
    "operating_points.sensitive.covid.threshold",
    "operating_points.sensitive.covid.rule",
    "operating_points.sensitive.covid.sensitivity",
    "operating_points.balanced.covid.sensitivity.low",
    "operating_points.balanced.covid.specificity",
    "operating_points.refer.pneumonia.specificity.value",
    "operating_points.refer.covid.low",
    "operating_points.refer.covid.high",
    "operating_points.refer.covid.rule",
    "operating_points.refer.covid.suspected_sensitivity.value",
    "operating_points.refer.covid.suspected_specificity",
    "operating_points.refer.covid.referred.high",
)


def _forge(flatbuffer: bytes, card: dict, tmp_path):
    """Write a model file with any card, past the checks of `pack`."""
    path = put(flatbuffer, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("card.json", json.dumps(card))
        archive.writestr("labels.txt", "normal\n")
    return path


def _refusal(path) -> str:
    with pytest.raises(ModelMismatch) as caught:
        model_file.read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence.removeprefix(f"{path}: ")


def _without(card, field):
    *parents, last = field.split(".")
    place = card
    for name in parents:
        place = place[name]
    del place[last]
    return card


def test_a_missing_file(tmp_path):
    assert _refusal(tmp_path / "no.tflite").startswith("there is no such model file; name one with '--model FILE'")


def test_a_folder_and_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # reading it would wait for ever
    for path in (tmp_path, pipe):
        assert _refusal(path).startswith("is not a regular file; name a model file.")


@pytest.mark.parametrize("text", [b"", b"hello, this is text", b"TFL", b"PK\x03\x04 and so on"])
def test_another_file(tmp_path, text):
    found = _refusal(put(text, tmp_path))
    assert "'TFL3' at byte 4" in found or "is empty" in found
    assert "'make convert'" in found


def test_a_tflite_file_without_a_card(tmp_path, flatbuffer):
    assert _refusal(put(flatbuffer, tmp_path)).startswith("carries no card: ")


def test_a_zip_without_our_card_in_it(tmp_path, flatbuffer):
    path = put(flatbuffer, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "normal\n")
    assert _refusal(path).startswith("carries no card: ")


@pytest.mark.parametrize("missing", [1, 10, 22, 100, 500, 2000, 5000])
def test_a_file_that_is_cut_off(tmp_path, content, missing):
    assert _refusal(put(content[:-missing], tmp_path)).startswith("carries no card: it is cut off, ")


@pytest.mark.parametrize("field", FIELDS)
def test_a_card_that_lacks_a_field(tmp_path, flatbuffer, card, field):
    found = _refusal(_forge(flatbuffer, _without(card | {"sha256": "0" * 64}, field), tmp_path))
    assert found.startswith("its card ")
    assert field.split(".")[-1] in found


@pytest.mark.parametrize("name", ["sha256", "lungs_sha256"])
def test_a_card_without_a_hash(tmp_path, flatbuffer, card, name):
    hashes = {"sha256": "0" * 64, "lungs_sha256": "0" * 64}
    del hashes[name]
    assert f"its card lacks field '{name}'" in _refusal(_forge(flatbuffer, card | hashes, tmp_path))


@pytest.mark.parametrize("version", [1, "3", None, 0, 2])
def test_a_card_of_another_version(tmp_path, flatbuffer, card, version):
    found = _refusal(_forge(flatbuffer, card | {"version": version}, tmp_path))
    assert f"its card has version {version!r}; this program reads version 3" in found


@pytest.mark.parametrize("other", [[], "card", None, {"format": "something else"}, {}])
def test_a_card_of_something_else(tmp_path, flatbuffer, other):
    assert "its card is not" in _refusal(_forge(flatbuffer, other, tmp_path))


SHARES = (
    "operating_points.sensitive.covid.threshold",
    "operating_points.refer.pneumonia.threshold",
    "operating_points.refer.covid.low",
    "operating_points.refer.covid.high",
    "operating_points.balanced.pneumonia.specificity.value",
    "operating_points.refer.covid.referred.low",
)


@pytest.mark.parametrize("field", SHARES)
@pytest.mark.parametrize("value", [-0.1, 1.1, "high", None, True])
def test_what_is_no_share(tmp_path, flatbuffer, card, field, value):
    *parents, last = field.split(".")
    place = card
    for name in parents:
        place = place[name]
    place[last] = value
    found = _refusal(_forge(flatbuffer, card | {"sha256": "0" * 64}, tmp_path))
    assert found.startswith(f"its card's field '{field}' is {value!r}; ")
    assert "0 to 1 is allowed" in found or "it must be a number" in found


def test_a_band_upside_down(tmp_path, flatbuffer, card):
    card["operating_points"]["refer"]["covid"] |= {"low": 0.6, "high": 0.4}
    found = _refusal(_forge(flatbuffer, card | {"sha256": "0" * 64}, tmp_path))
    assert found.startswith("its card's field 'operating_points.refer.covid' has 'low' 0.6 above 'high' 0.4;")


@pytest.mark.parametrize("rule", ["refer", "sensitive", "balanced"])
def test_thresholds_that_do_not_fit_the_labels(tmp_path, flatbuffer, card, rule):
    points = card["operating_points"][rule]
    for wrong in ({"pneumonia": points["pneumonia"]}, points | {"fracture": points["covid"]}, {}):
        card["operating_points"][rule] = wrong
        found = _refusal(_forge(flatbuffer, card | {"sha256": "0" * 64}, tmp_path))
        assert f"by rule '{rule}', thresholds for {list(wrong)}; 'covid' must have one" in found
        (tmp_path / "model.tflite").unlink()


@pytest.mark.parametrize("temperature", [0, -1.5, "warm", None])
def test_a_temperature_that_is_none(tmp_path, flatbuffer, card, temperature):
    found = _refusal(_forge(flatbuffer, card | {"sha256": "0" * 64, "temperature": temperature}, tmp_path))
    assert "its card's field 'temperature' is" in found


@pytest.mark.parametrize("share", [0.001, 0.3, 0.6, 0.99])
def test_one_flipped_bit_in_the_network(tmp_path, content, flatbuffer, share):
    broken = bytearray(content)
    broken[max(8, int(len(flatbuffer) * share))] ^= 4
    found = _refusal(put(bytes(broken), tmp_path))
    assert found.startswith("is damaged: it has a sha256 that begins '")


def test_one_flipped_bit_in_the_lung_network(tmp_path, content, lungs):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        place = archive.getinfo("lungs.tflite").header_offset + len(lungs) // 2
    broken = bytearray(content)
    broken[place] ^= 4
    assert "it is cut off, or this project did not make it" in _refusal(put(bytes(broken), tmp_path))


def _repacked(content: bytes, flatbuffer: bytes, lungs: bytes | None) -> bytes:
    """Return a model file with its own card and another lung-field network, or none."""
    whole = io.BytesIO(flatbuffer)
    whole.seek(0, io.SEEK_END)
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(whole, "a") as new:
        new.writestr("card.json", old.read("card.json"))
        if lungs is not None:
            new.writestr("lungs.tflite", lungs)
    return whole.getvalue()


def test_another_lung_network_or_none(tmp_path, content, flatbuffer, lungs):
    """The classifier has learnt from crops that one network chose, and takes no other."""
    assert model_file.unpack(_repacked(content, flatbuffer, lungs), "same").lungs == lungs
    for other in (flatbuffer, lungs[:-1] + b"x", b"", None):
        found = _refusal(put(_repacked(content, flatbuffer, other), tmp_path))
        assert found.startswith("is damaged: its lung-field network has a sha256 that begins '")


def test_films_that_were_prepared_by_another_contract(tmp_path, flatbuffer, lungs, card):
    card["preprocess"]["contract"] = preprocess.CONTRACT_VERSION - 1
    found = _refusal(put(model_file.pack(flatbuffer, lungs, card), tmp_path))
    versions = f"contract {preprocess.CONTRACT_VERSION - 1}, this program has {preprocess.CONTRACT_VERSION}: another"
    assert found.startswith(f"was trained on films prepared in another way ({versions})")


def test_films_that_were_prepared_in_another_way(tmp_path, flatbuffer, lungs, card):
    # The same network under a card of another contract: the films would look different to it.
    samples = bytearray.fromhex(preprocess.fingerprint(32))
    samples[100] ^= 16
    card["preprocess"]["fingerprint"] = bytes(samples).hex()
    found = _refusal(put(model_file.pack(flatbuffer, lungs, card), tmp_path))
    assert found.startswith("was trained on films prepared in another way")
    assert "one release" in found


def test_random_damage_leaves_only_as_a_sentence(content, flatbuffer):
    rng = np.random.default_rng(7)
    intact = 0
    for _ in range(300):
        broken = bytearray(content)
        # The network's own bytes are one hash; the zip behind it is where reading can go wrong.
        start = int(rng.choice([0, len(flatbuffer)]))
        for _ in range(rng.integers(1, 4)):
            broken[int(rng.integers(start, len(broken)))] = int(rng.integers(0, 256))
        if rng.random() < 0.2:
            del broken[int(rng.integers(1, len(broken))) :]
        try:
            model = model_file.unpack(bytes(broken), "model").scores
        except ModelMismatch as error:
            assert str(error).startswith("model: ")
        else:
            assert model == flatbuffer
            intact += 1
    assert intact < 150


@pytest.mark.parametrize(("value", "written"), [(float("nan"), "NaN"), (float("inf"), "Infinity")])
def test_a_number_that_json_does_not_have(tmp_path, flatbuffer, card, value, written):
    found = _refusal(_forge(flatbuffer, card | {"temperature": value, "sha256": "0" * 64}, tmp_path))
    assert found.startswith(f"its card is not JSON ({written} is not a number of JSON); ")
