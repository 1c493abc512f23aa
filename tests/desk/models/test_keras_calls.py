"""Networks in files: a process that has made none reads them, as a run does that goes on."""

import subprocess
import sys

from tests.support.checkout import ROOT
from train.models import fused_norm, networks, place_logits


def test_a_process_that_made_no_network_reads_a_checkpoint(tmp_path):
    network = networks.build("tiny", 32, ("normal", "covid"))
    fused_norm.fuse(network)
    place_logits.attach(network, (1,)).save(tmp_path / "last.keras")
    code = (
        "from pathlib import Path; from train.models import keras_calls; "
        "print(sorted(keras_calls.load(Path('last.keras'), to_go_on=True).output))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert found.stdout.strip() == "['places', 'scores']", found.stderr
