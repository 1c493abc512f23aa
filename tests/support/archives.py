"""An archive of drawn films, the command that judges it, and what its table holds."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from train.archive import storage, table

ROOT = Path(__file__).parents[2]
MODEL = GOLDEN / "tiny-int8.tflite"
MONTHS = ("20200301", "20200415", "20200520")


def draw(folder: Path, films: int) -> Path:
    """Draw films of two sites: DICOM of two machines and three months, PNG, one twice, and files that are not films."""
    for site in ("north", "south"):
        (folder / site).mkdir(parents=True)
    for number in range(films):
        path, film = (
            folder / ("north", "south")[number % 2] / f"{number:04d}",
            draw_film(number, 160, 150, number % 3 / 2),
        )
        if number % 4 == 3:
            Image.fromarray(film).save(path.with_suffix(".png"), compress_level=1)
        else:
            about = {"AcquisitionDate": MONTHS[number % 3], "Manufacturer": "Maker", "PatientAge": "050Y"}
            name = ("One", "Two")[number % 2]
            write_dicom(path.with_suffix(".dcm"), film.astype("uint16") * 16, ManufacturerModelName=name, **about)
    shutil.copy(folder / "south" / "0003.png", folder / "north" / "twin.png")
    (folder / "south" / "poison.png").write_bytes((folder / "south" / "0003.png").read_bytes()[:200])
    (folder / "south" / "notes.txt").write_text("not a film")
    return folder


def words(source: object, out: object, *more: object) -> list[str]:
    """Return the command on two workers."""
    command = [sys.executable, "-m", "train", "archive", source, "--out", out, "--model", MODEL, "--workers", 2, *more]
    return [str(word) for word in command]


def judge(source: object, out: object, *more: object, code: int = 0, **options) -> subprocess.CompletedProcess:
    """Run the command to its end, and check its exit code; a traceback is never an answer."""
    ran = subprocess.run(words(source, out, *more), cwd=ROOT, capture_output=True, text=True, **options)
    assert "Traceback" not in ran.stderr, ran.stderr
    assert ran.returncode == code, ran.stderr
    return ran


def rows(out: object, kind: str = table.RESULTS) -> list[dict]:
    """Return all rows of a table, by path."""
    from pyarrow import parquet

    store = storage.Store(str(out))
    found = []
    for name in store.names(kind):
        with store.fs.open(store.path(name), "rb") as file:
            found += parquet.read_table(file).to_pylist()
    return sorted(found, key=lambda row: row["path"])


def classified(folder: Path) -> dict[str, dict]:
    """Return what `covid-xray classify` says of a folder, a line a path."""
    command = [sys.executable, "-m", "edge_app", "classify", "--json", "--model", MODEL, folder]
    ran = subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
    return {line["path"]: line for line in map(json.loads, ran.stdout.splitlines())}
