"""What `convert release` refuses, and that a file is written whole or not at all. No conversion happens here."""

import json
import resource
import subprocess
import sys

import keras
import numpy as np
import pytest

from convert import files, finished_run
from convert.quantize import calibration_films
from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from tests.support.checkout import ROOT

SIZE = 32


@pytest.fixture
def run_dir(tmp_path):
    """A run folder with all that is looked at first, and an empty model file."""
    prepared = {"crop": "lungs", "outside": preprocess.OUTSIDE, "levels": preprocess.LEVELS, "size": SIZE}
    prepared |= {"contract": preprocess.CONTRACT_VERSION, "fingerprint": preprocess.fingerprint(SIZE)}
    record = {"config": {"size": SIZE}, "preprocess": prepared, "metrics": {"operating_points": {}}}
    (tmp_path / "run.json").write_text(json.dumps(record))
    for name in ("model.keras", "scores.csv"):
        (tmp_path / name).touch()
    return tmp_path


def _saved(run_dir, *shapes):
    inputs = [keras.Input(shape) for shape in shapes]
    merged = keras.layers.Add()(inputs) if len(inputs) > 1 else inputs[0]
    keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(merged)).save(run_dir / "model.keras")


@pytest.mark.parametrize("name", ["run.json", "model.keras", "scores.csv"])
def test_a_folder_without_a_finished_run_is_refused(run_dir, name):
    (run_dir / name).unlink()
    with pytest.raises(EdgeError, match=f"holds no finished training run \\('{name}' is missing\\); run 'make train'"):
        finished_run.read_run(run_dir)


def test_a_model_that_keras_cannot_read_is_refused(run_dir):
    with pytest.raises(EdgeError, match=r"model\.keras: cannot be read as a Keras model \(.*\); train again"):
        finished_run.read_run(run_dir)


def test_half_a_model_is_refused(run_dir):
    _saved(run_dir, (SIZE, SIZE, 1))
    whole = (run_dir / "model.keras").read_bytes()
    (run_dir / "model.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EdgeError, match=r"model\.keras: cannot be read as a Keras model"):
        finished_run.read_run(run_dir)


@pytest.mark.parametrize("shapes", [[(SIZE, SIZE, 1)] * 2, [(SIZE + 1, SIZE, 1)], [(SIZE, SIZE, 3)]])
def test_a_model_of_other_inputs_is_refused(run_dir, shapes):
    _saved(run_dir, *shapes)
    with pytest.raises(EdgeError, match=rf"it must take one of \(None, {SIZE}, {SIZE}, 1\), as in run\.json"):
        finished_run.read_run(run_dir)


def test_a_model_of_the_right_input_is_taken(run_dir):
    _saved(run_dir, (SIZE, SIZE, 1))
    assert finished_run.read_run(run_dir)[1].inputs[0].shape == (None, SIZE, SIZE, 1)


@pytest.mark.parametrize(
    ("films", "found"),
    [
        (np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1), "1 are at hand .* of which 1 show"),
        (np.zeros((80, 16, 16, 1), np.uint8), "80 are at hand .* of which 0 show"),
        (np.zeros((0, 16, 16, 1), np.uint8), "0 are at hand"),
    ],
)
def test_too_few_films_or_black_ones_measure_no_range(films, found):
    with pytest.raises(EdgeError, match=found):
        calibration_films.checked(films)


def test_films_that_show_something_are_taken():
    films = np.random.default_rng(0).integers(0, 256, (50, 16, 16, 1)).astype(np.uint8)
    assert calibration_films.checked(films) is films


def test_a_full_disk_leaves_what_was_there_and_no_half_file(tmp_path):
    """A real failing write, in a process whose files may not grow beyond 1 MB."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"before")
    code = (
        "import sys; from pathlib import Path; from convert import files\n"
        "files.write(Path(sys.argv[1]), b'x' * 4_000_000)"
    )

    def small_files():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, preexec_fn=small_files
    )
    assert done.returncode == 1
    said = done.stderr.splitlines()[-1]
    assert f"{path}: cannot be written (File too large), and nothing of it was" in said
    assert [item.name for item in tmp_path.iterdir()] == ["model.tflite"]
    assert path.read_bytes() == b"before"


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "models").write_text("")
    with pytest.raises(
        EdgeError, match=r"cannot be written .*; make room there, or name another folder with '--out DIR'"
    ):
        files.write(tmp_path / "models" / "model.tflite", b"x")
