"""The plot of accuracy against cost, made from the records of runs."""

import json

import pytest

from convert.bench import pareto
from tests.support.checkout import ROOT


def test_a_record_becomes_a_line_and_a_disc(tmp_path, capsys):
    record = ROOT / "models/seed.json"
    assert pareto.main([str(record), "--out", str(tmp_path / "plot.png")]) == 0
    auc = json.loads(record.read_text())["metrics"]["test"]["covid"][pareto.UNSEEN]["auc"]
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith(f"| seed | {auc['value']:.3f} (")
    assert last.endswith("| 1.00 |")  # of its own time
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("content", [None, "{}", "not JSON"])
def test_what_is_not_the_record_of_a_run_is_named(tmp_path, capsys, content):
    path = tmp_path / "record.json"
    if content is not None:
        path.write_text(content)
    assert pareto.main([str(path), "--out", str(tmp_path / "plot.png")]) == 2
    assert capsys.readouterr().err.startswith(f"{path}: is not the record of a run that was tested on")
