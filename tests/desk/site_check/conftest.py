"""Two clinics whose films were checked, and the command in this process."""

import numpy as np
import pytest
from PIL import Image

from tests.support.clinic import MODEL, draw_site, site_check


@pytest.fixture
def check(capsys):
    """Return what runs the command as `site_check` does, but in this process, which loads TensorFlow only once."""
    from train.__main__ import main

    def run(*words, code=0):
        capsys.readouterr()
        try:
            found = main(["site-check", *map(str, words)])
        except SystemExit as stop:  # argparse's
            found = stop.code
        out, complaints = capsys.readouterr()
        assert found == code, complaints
        return out, [line for line in complaints.splitlines() if line]

    return run


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    """Return (folder, out) of a checked site whose films are as the model expects; patients have several films."""
    rows = [(f"covid/{i}.png", "COVID-19", 1.0, f"Garcia-{i // 2}") for i in range(20)]
    rows += [(f"{i}.jpg", "normal", 0.0, f"Nguyen-{i // 3}") for i in range(20)]
    rows += [
        ("x.dcm", "No finding", 0.0, "Okafor"),
        *((f"p{i}.png", "pneumonia", 0.5, f"Itoyama-{i}") for i in range(8)),
    ]
    rows += [(f"o{i}.png", "negative", 0.2, "") for i in range(3)]
    base = tmp_path_factory.mktemp("good")
    folder = draw_site(base / "films", rows)
    out, complaints = site_check(
        MODEL, folder, "--out", base / "out", "--prevalence", "0.1", "--operating-point", "balanced"
    )
    assert not complaints
    assert out.splitlines()[0] == "model drawn-int8, operating point 'balanced', 52 films judged"
    return folder, base / "out"


@pytest.fixture(scope="session")
def shifted(tmp_path_factory):
    """Return (folder, out) of a checked site whose patients are half as ill, with two films that cannot be judged."""
    rows = [(f"c{i}.png", "covid", 0.55 + i % 5 / 20, f"Garcia-{i}") for i in range(30)]
    rows += [(f"n{i}.png", "normal", 0.0, f"Nguyen-{i}") for i in range(25)]
    rows += [(f"p{i}.png", "pneumonia", 0.6, f"Itoyama-{i}") for i in range(15)]
    base = tmp_path_factory.mktemp("shifted")
    folder = draw_site(base / "films", rows)
    noise = np.random.default_rng(0).integers(0, 256, (220, 190), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    (folder / "cut.png").write_bytes((folder / "c0.png").read_bytes()[:900])
    with (folder / "labels.csv").open("a") as file:
        file.write("noise.png,normal,Nguyen-98\ncut.png,covid,Garcia-99\n")
    _, complaints = site_check(MODEL, folder, "--out", base / "out", "--pictures", code=1)
    assert len(complaints) == 2
    return folder, base / "out"
