"""The soak of tests/system/soak for a few seconds: page, folder, camera and DICOM node with one store at a time."""

import json
import shutil

import pytest

from tests.system.soak import sampling
from tests.system.soak.run import Plan, Soak

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="needs DCMTK: apt-get install dcmtk")
# Of films that are sent; those of the golden film by each way among them.
SECONDS = 3


def test_four_services_share_a_store_and_every_film_is_kept_once(tmp_path, camera_model):
    soak = Soak(Plan(tmp_path / "soak", SECONDS, 0, tmp_path / "no collections", camera_model, videos=False))
    soak.run()
    account = json.loads((soak.folder / "account.json").read_text())
    for way in ("page", "folder", "dicom"):
        sent, lost, more = account[way]
        assert sent > 0 and (lost, more) == (0, 0), (way, account)
    told = account["events"]
    assert told["made"] == told["delivered"] + told["waiting"] > 0
    assert account["codes"] == {"page": 0, "watch": 143, "camera": 143, "dicom": 143}
    assert [one.starts for one in soak.services] == [1, 1, 1, 1]
    assert account["integrity"] == "ok"
    answers = [line.split(",", 2) for line in (soak.folder / "golden.csv").read_text().splitlines()[1:]]
    files = {answer for _, way, answer in answers if way in ("page", "folder", "dicom")}
    assert {way for _, way, _ in answers} >= {"page", "folder", "dicom"} and len(files) == 1
    assert sampling.of_queues(soak.folder)["films_waiting"] == 0
