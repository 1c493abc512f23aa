"""Two checkouts judge the same films: `python -m tests.system.compare_checkouts OTHER FILM...`.

The exit code is 1 if they differ; fields that only this checkout has are no difference. Each checkout is run as people
run it, in processes of its own with this Python: films named on the command line, DICOM files, a folder, a watched
folder, the page's API, and a video of films on a light box before a camera. Results are compared without the fields
that a clock or chance decides. The released model files are compared byte by byte.
"""

import argparse
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pydicom

from edge_app.errors import EdgeError
from edge_app.imaging import file_type, radiograph
from edge_app.sources import sample

HERE = Path(__file__).parents[2]
# What a clock decides, and what the page draws by lot.
CHANGING = ("ms", "time", "id", "url", "kept_until")
# Films in the video: each takes 27 frames. Frames that show a film, and the bare light box after it.
MOST_FILMED, SHOWN, BARE = 12, 12, 15
FRAME = (720, 1280)
# Films that are written as DICOM, besides those that are so already.
MOST_WRAPPED = 60
# Seconds for an answer of the page, and tries of a film that it puts off since too many are sent.
PATIENCE, TRIES = 120, 30

Rows = list[dict]


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("films", type=Path, nargs="+", help="films to judge in both")
    args = parser.parse_args()
    checkouts = (HERE, args.other.resolve())
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, way in ways([path.resolve() for path in args.films], Path(folder)).items():
            with ThreadPoolExecutor(len(checkouts)) as side_by_side:
                ours, theirs = side_by_side.map(way, checkouts)
            differences += compare(name, ours, theirs)
    return int(differences + compare_models(*checkouts) > 0)


def ways(films: list[Path], folder: Path) -> dict[str, Callable[[Path], Rows]]:
    """Return by name how films reach the program: each takes a checkout and returns what it answered."""
    inbox = folder / "inbox"
    inbox.mkdir()
    for number, film in enumerate(films):
        shutil.copy(film, inbox / f"{number:04d}{film.suffix}")
    dicom = [film for film in films if file_type.name(file_type.head(film)) == "DICOM"]
    dicom += wrap(films, folder)
    named, given = list(map(str, films)), list(map(str, dicom))
    watch = ["watch", "--once", "--json", "--interval", "0.2", "--patience", "1", str(inbox)]
    found = {
        "files": lambda checkout: judged(checkout, ["classify", "--json", *named]),
        "files, operating point balanced": lambda checkout: judged(
            checkout, ["classify", "--json", "--operating-point", "balanced", *named]
        ),
        "DICOM files": lambda checkout: judged(checkout, ["classify", "--json", "--threads", "1", *given]),
        "folder": lambda checkout: judged(checkout, ["classify", "--json", "--prevalence", "0.05", str(inbox)]),
        "watched folder": lambda checkout: judged(checkout, watch),
        "page's API": lambda checkout: uploaded(checkout, films),
        "camera's video": lambda checkout: filmed(checkout, video),
    }
    video = record(films, folder / "films.avi")
    return found


def judged(checkout: Path, words: list[str]) -> Rows:
    """Return the JSON lines of a run, in the order given, and at the end its exit code and what it said on stderr."""
    done = run(checkout, words)
    rows = [steady(json.loads(line)) for line in done.stdout.splitlines()]
    return [*rows, {"exit code": done.returncode, "complaints": done.stderr.splitlines()}]


def filmed(checkout: Path, video: Path) -> Rows:
    """Return the JSON lines of a camera that plays a video; how often its advice is said is a matter of time."""
    done = run(checkout, ["camera", str(video), "--json", "--screen", "none"])
    rows = [steady(json.loads(line)) | {"path": "camera"} for line in done.stdout.splitlines()]
    return [*rows, {"exit code": done.returncode}]


def uploaded(checkout: Path, films: list[Path]) -> Rows:
    """Return what the page's API answers to each film, with HTTP's status."""
    with tempfile.TemporaryDirectory() as state:
        command = [sys.executable, "-m", "edge_app", "serve", "--port", "0", "--state", state]
        with subprocess.Popen(command, cwd=checkout, env=environment(state), stdout=subprocess.PIPE, text=True) as page:
            try:
                assert page.stdout
                address = urlsplit(page.stdout.readline().split()[-1])
                return [post(address.netloc, film) for film in films]
            finally:
                page.terminate()


def post(host: str, film: Path) -> dict:
    """Send one film; one that is put off is sent again."""
    for _ in range(TRIES):
        connection = http.client.HTTPConnection(host, timeout=PATIENCE)
        connection.request("POST", "/api/v1/classify", film.read_bytes(), {"Content-Type": "application/octet-stream"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status not in (429, 503):
            break
        time.sleep(float(answer.getheader("Retry-After") or 1))
    return {"film": film.name, "status": answer.status} | steady(json.loads(content))


def wrap(films: list[Path], folder: Path) -> list[Path]:
    """Write films that are not DICOM as such, of 12 bits; every fifth is of a child, every seventh inverted."""
    wrapped = []
    for film in films:
        if len(wrapped) == MOST_WRAPPED:
            break
        try:
            grey = radiograph.read(film)
        except EdgeError:
            continue
        data_set = pydicom.dcmread(sample.path())
        del data_set.WindowCenter, data_set.WindowWidth  # of its own 15 bits
        data_set.PatientAge = "007Y" if len(wrapped) % 5 == 4 else "060Y"
        inverted = len(wrapped) % 7 == 6
        data_set.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
        data_set.Rows, data_set.Columns = grey.shape
        data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit = 16, 12, 11
        data_set.PixelRepresentation = 0
        data_set.PixelData = (grey.astype("<u2") << 4).tobytes()
        wrapped.append(folder / f"{len(wrapped):04d}.dcm")
        data_set.save_as(wrapped[-1])
    return wrapped


def record(films: list[Path], path: Path) -> Path:
    """Write a video of films on a light box, one after another with nothing between them."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, FRAME[::-1])
    bare = light_box(None)
    pictures = 0
    for film in films[:: max(1, len(films) // MOST_FILMED)]:
        try:
            grey = radiograph.read(film)
        except EdgeError:
            continue
        pictures += 1
        for frame, count in ((light_box(grey), SHOWN), (bare, BARE)):
            for _ in range(count):
                writer.write(frame)
        if pictures == MOST_FILMED:
            break
    writer.release()
    return path


def light_box(grey: np.ndarray | None) -> np.ndarray:
    """Draw a light box in a dark room, uint8 BGR (720, 1280, 3), with a film, uint8 (H, W), on it if there is one."""
    frame = np.full((*FRAME, 3), 25, np.uint8)
    cv2.rectangle(frame, (200, 40), (1080, 680), (250, 250, 250), -1)
    if grey is not None:
        scale = min(540 / grey.shape[0], 780 / grey.shape[1])
        size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
        shown = (0.8 * cv2.resize(grey, size, interpolation=cv2.INTER_AREA)).astype(np.uint8)
        top, left = (FRAME[0] - size[1]) // 2, (FRAME[1] - size[0]) // 2
        frame[top : top + size[1], left : left + size[0]] = shown[..., np.newaxis]
    noise = np.random.default_rng(0).normal(0, 2, frame.shape)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def run(checkout: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of a checkout."""
    with tempfile.TemporaryDirectory() as state:
        return subprocess.run(
            [sys.executable, "-m", "edge_app", *words],
            cwd=checkout,
            env=environment(state),
            capture_output=True,
            text=True,
            check=False,
        )


def environment(state: str) -> dict[str, str]:
    """Return an environment in which the program finds no results of an earlier run."""
    return os.environ | {"XDG_DATA_HOME": state}


def steady(row: dict) -> dict:
    """Return a row without what a clock or chance decides."""
    return {name: value for name, value in row.items() if name not in CHANGING}


def compare(name: str, ours: Rows, theirs: Rows) -> int:
    """Print how many lines two checkouts gave and how many differ; return that number.

    Fields may be added here: they are named, and are no difference.
    """
    apart = [(a, b) for a, b in zip(ours, theirs, strict=False) if not holds(a, b)]
    added = sorted(set().union(*ours) - set().union(*theirs))
    verdicts: dict[str, int] = {}
    for row in ours:
        if "exit code" not in row:
            verdict = str(row.get("verdict") or "not read")
            verdicts[verdict] = verdicts.get(verdict, 0) + 1
    counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    print(f"{name}: {len(ours)} and {len(theirs)} lines, {len(apart)} differ; {counts}", flush=True)
    if added:
        print(f"  fields that only this checkout has: {', '.join(added)}")
    for a, b in apart[:5]:
        print(f"  here  {json.dumps(a)[:300]}\n  there {json.dumps(b)[:300]}")
    return len(apart) + abs(len(ours) - len(theirs))


def holds(ours, theirs) -> bool:
    """Return whether a value of JSON holds all that another does: objects may have more fields."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(name in ours and holds(ours[name], one) for name, one in theirs.items())
    return ours == theirs


def compare_models(here: Path, there: Path) -> int:
    """Print which released model files are identical; return how many differ."""
    differences = 0
    for path in sorted((here / "models").glob("*.tflite")):
        other = there / "models" / path.name
        if other.is_file():
            same = path.read_bytes() == other.read_bytes()
            differences += not same
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            print(f"{path.name}: {'identical' if same else 'DIFFERENT'}, sha256 {digest[:12]}")
    return differences


if __name__ == "__main__":
    sys.exit(main())
