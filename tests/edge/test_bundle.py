import copy
import io
import json
import os
import zipfile

import numpy as np
import pytest

from edge_app import bundle, preprocess
from edge_app.errors import ModelMismatch

# Every field that the edge acts on; each one is taken out in turn.
FIELDS = (
    "name",
    "labels",
    "preprocess",
    "preprocess.size",
    "preprocess.fingerprint",
    "operating_points",
    "operating_points.covid",
    "operating_points.covid.threshold",
    "operating_points.covid.rule",
    "operating_points.covid.sensitivity",
    "operating_points.covid.sensitivity.low",
    "operating_points.covid.specificity",
    "operating_points.pneumonia.specificity.value",
)


@pytest.fixture(scope="module")
def content(model_path):
    return model_path.read_bytes()


@pytest.fixture
def card(content):
    raw = dict(bundle.unpack(content, "tiny")[1].raw)
    del raw["sha256"]
    return copy.deepcopy(raw)


@pytest.fixture(scope="module")
def flatbuffer(content):
    return bundle.unpack(content, "tiny")[0]


def _put(content: bytes, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    return path


def _forge(flatbuffer: bytes, card: dict, tmp_path):
    """Write a model file with any card, past the checks of `pack`."""
    path = _put(flatbuffer, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("card.json", json.dumps(card))
        archive.writestr("labels.txt", "normal\n")
    return path


def _refusal(path) -> str:
    with pytest.raises(ModelMismatch) as caught:
        bundle.read(path)
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


def test_a_packed_model_is_read_back(flatbuffer, card, tmp_path):
    card["name"], card["extra"] = "other", {"kept": [1, 2]}
    model, parsed = bundle.read(_put(bundle.pack(flatbuffer, card), tmp_path))
    assert model == flatbuffer
    assert parsed.name == "other"
    assert parsed.labels == ("normal", "covid", "pneumonia")
    assert parsed.size == 32
    assert parsed.raw["extra"] == {"kept": [1, 2]}
    assert set(parsed.operating_points) == {"covid", "pneumonia"}
    assert parsed.operating_points["covid"].threshold == 0.5
    assert parsed.operating_points["covid"].sensitivity["low"] == 0.8


def test_packing_twice_gives_the_same_bytes(flatbuffer, card):
    assert bundle.pack(flatbuffer, card) == bundle.pack(flatbuffer, copy.deepcopy(card))


def test_the_hour_of_packing_is_not_in_the_file(flatbuffer, card):
    with zipfile.ZipFile(io.BytesIO(bundle.pack(flatbuffer, card))) as archive:
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_any_zip_reader_finds_card_and_labels(model_path):
    with zipfile.ZipFile(model_path) as archive:
        assert sorted(archive.namelist()) == ["card.json", "labels.txt"]
        assert archive.testzip() is None
        assert archive.read("labels.txt").decode().split() == ["normal", "covid", "pneumonia"]
        assert json.loads(archive.read("card.json"))["name"] == "drawn-int8"


def test_packing_checks_what_reading_would(flatbuffer, card):
    with pytest.raises(ValueError, match="a TFLite flatbuffer has 'TFL3' at byte 4"):
        bundle.pack(b"no flatbuffer", card)
    del card["labels"]
    with pytest.raises(ValueError, match="labels"):
        bundle.pack(flatbuffer, card)


# --- refusals -------------------------------------------------------------------------------------


def test_a_missing_file(tmp_path):
    assert _refusal(tmp_path / "no.tflite").startswith("there is no such model file; name one with '--model FILE'")


def test_a_folder_and_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # reading it would wait for ever
    for path in (tmp_path, pipe):
        assert _refusal(path).startswith("is not a regular file; name a model file.")


@pytest.mark.parametrize("text", [b"", b"hello, this is text", b"TFL", b"PK\x03\x04 and so on"])
def test_another_file(tmp_path, text):
    found = _refusal(_put(text, tmp_path))
    assert "'TFL3' at byte 4" in found or "is empty" in found
    assert "'make convert'" in found


def test_a_tflite_file_without_a_card(tmp_path, flatbuffer):
    assert _refusal(_put(flatbuffer, tmp_path)).startswith("carries no card: ")


def test_a_zip_without_our_card_in_it(tmp_path, flatbuffer):
    path = _put(flatbuffer, tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("labels.txt", "normal\n")
    assert _refusal(path).startswith("carries no card: ")


@pytest.mark.parametrize("missing", [1, 10, 22, 100, 500, 2000, 5000])
def test_a_file_that_is_cut_off(tmp_path, content, missing):
    assert _refusal(_put(content[:-missing], tmp_path)).startswith("carries no card: it is cut off, ")


@pytest.mark.parametrize("field", FIELDS)
def test_a_card_that_lacks_a_field(tmp_path, flatbuffer, card, field):
    found = _refusal(_forge(flatbuffer, _without(card | {"sha256": "0" * 64}, field), tmp_path))
    assert found.startswith("its card ")
    assert field.split(".")[-1] in found


def test_a_card_without_a_hash(tmp_path, flatbuffer, card):
    found = _refusal(_forge(flatbuffer, card, tmp_path))
    assert "lacks" in found
    assert "'sha256'" in found


@pytest.mark.parametrize("version", [2, "1", None, 0])
def test_a_card_of_another_version(tmp_path, flatbuffer, card, version):
    found = _refusal(_forge(flatbuffer, card | {"version": version}, tmp_path))
    assert f"its card has version {version!r}; this program reads version 1" in found


@pytest.mark.parametrize("other", [[], "card", None, {"format": "something else"}, {}])
def test_a_card_of_something_else(tmp_path, flatbuffer, other):
    assert "its card is not" in _refusal(_forge(flatbuffer, other, tmp_path))


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), "high", None])
def test_a_threshold_that_is_no_score(tmp_path, flatbuffer, card, threshold):
    card["operating_points"]["covid"]["threshold"] = threshold
    assert "its card" in _refusal(_forge(flatbuffer, card | {"sha256": "0" * 64}, tmp_path))


def test_thresholds_that_do_not_fit_the_labels(tmp_path, flatbuffer, card):
    points = card["operating_points"]
    for wrong in ({"pneumonia": points["pneumonia"]}, points | {"fracture": points["covid"]}):
        forged = card | {"operating_points": wrong, "sha256": "0" * 64}
        assert "'covid' must have one" in _refusal(_forge(flatbuffer, forged, tmp_path))
        (tmp_path / "model.tflite").unlink()


@pytest.mark.parametrize("share", [0.001, 0.3, 0.6, 0.99])
def test_one_flipped_bit_in_the_network(tmp_path, content, flatbuffer, share):
    broken = bytearray(content)
    broken[max(8, int(len(flatbuffer) * share))] ^= 4
    found = _refusal(_put(bytes(broken), tmp_path))
    assert found.startswith("is damaged: its sha256 begins '")


def test_films_that_were_prepared_in_another_way(tmp_path, flatbuffer, card):
    # The same network under a card of another contract: the films would look different to it.
    samples = bytearray.fromhex(preprocess.fingerprint(32))
    samples[100] ^= 16
    card["preprocess"]["fingerprint"] = bytes(samples).hex()
    found = _refusal(_put(bundle.pack(flatbuffer, card), tmp_path))
    assert found.startswith("was trained on films prepared in another way")
    assert "one release" in found


def test_a_difference_of_one_grey_level_is_no_other_way(tmp_path, flatbuffer, card):
    samples = bytearray.fromhex(preprocess.fingerprint(32))
    samples[100] += 1 if samples[100] < 255 else -1
    card["preprocess"]["fingerprint"] = bytes(samples).hex()
    assert bundle.read(_put(bundle.pack(flatbuffer, card), tmp_path))[0] == flatbuffer


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
            model, _ = bundle.unpack(bytes(broken), "model")
        except ModelMismatch as error:
            assert str(error).startswith("model: ")
        else:
            assert model == flatbuffer
            intact += 1
    assert intact < 150
