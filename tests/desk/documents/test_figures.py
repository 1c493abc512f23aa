"""What the documents claim is what was measured: their tables are made from the records beside the models."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from edge_app.model import model_file
from train.camera import photograph_count
from train.evaluation import compare

ROOT = Path(__file__).parents[3]
RECORDS = [ROOT / f"models/{name}.json" for name in ("seed", "covid-xray-lite0", "covid-xray-short")]

RELEASED = [
    *(("lite0", kind) for kind in ("int8", "float32", "mobile-int8")),
    *(("short", kind) for kind in ("int8", "mobile-int8")),
]


def test_the_table_is_the_one_that_compare_prints():
    table = compare.table([column for record in RECORDS for column in compare.read(record)])
    assert table in (ROOT / "models/README.md").read_text()


@pytest.mark.parametrize(("network", "kind"), RELEASED)
def test_a_released_file_carries_what_its_record_says(network, kind):
    packed = model_file.read(ROOT / f"models/covid-xray-{network}-{kind}.tflite")
    card = packed.card
    record = json.loads((ROOT / f"models/covid-xray-{network}.json").read_text())
    measured = record["files"][kind]
    assert card.raw["training"]["commits"] == record["run"]["commits"]
    assert card.limits("sensitive")[0] == measured["thresholds"]
    assert measured["shortfalls"] == []
    assert set(card.raw["runtimes"]) == set(measured["gates"])
    assert card.raw["metrics"]["test"]["covid"]["all"] == measured["test"]["covid"]["all"]
    assert packed.lungs == (ROOT / "models/lung-field-int8.tflite").read_bytes()


@pytest.mark.parametrize("network", ["lite0", "short"])
def test_what_the_model_card_says_of_gate_and_heat_was_measured_on_the_released_file(network):
    gate, heat = (json.loads((ROOT / f"models/{network}-{name}.json").read_text()) for name in ("gate", "heat"))
    card = model_file.read(ROOT / f"models/covid-xray-{network}-int8.tflite").card
    assert {gate["sha256"], heat["sha256"]} == {card.sha256}
    figures = gate["figures"]
    # The aims of the gate, and of the heat; the figures themselves are compared in test_claims.py.
    assert figures["pictures"]["all"]["refused"]["value"] >= 0.99
    assert figures["films"]["all"]["refused"]["value"] <= 0.02
    assert figures["pictures"]["all"]["right"]["value"] >= 0.9
    assert heat["inside_drawn_lungs"]["value"] >= 0.8


def test_what_the_model_card_says_of_photographs_was_counted_on_the_released_file():
    record = json.loads((ROOT / "models/lite0-camera.json").read_text())
    released = model_file.read(ROOT / "models/covid-xray-lite0-int8.tflite")
    assert record["model"] == {"name": "lite0-int8", "sha256": released.sha256}
    assert photograph_count.text(record) in (ROOT / "models/README.md").read_text()


@pytest.mark.parametrize("network", ["lite0", "short"])
def test_a_released_int8_file_has_the_camera_part_of_its_record(network):
    card = model_file.read(ROOT / f"models/covid-xray-{network}-int8.tflite").for_camera().card
    record = json.loads((ROOT / f"models/covid-xray-{network}.json").read_text())["files"]["int8"]["camera"]
    assert card.temperature == record["temperature"]
    assert card.raw["camera"] == record


def test_every_make_target_that_the_readme_names_exists_and_is_listed():
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", (ROOT / "README.md").read_text()))
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    listed = set(re.findall(r"make ([a-z-]+)", helped))
    assert named <= listed
    assert {"run", "test", "train", "convert", "data", "bench"} <= named


@pytest.mark.parametrize("record", sorted((ROOT / "models").glob("*.json")), ids=lambda path: path.name)
def test_a_record_names_the_folder_of_no_machine(record):
    assert not re.findall(r'"/[^"]+/[^"]*"', record.read_text())
