"""Pictures of the test suites of image libraries, broken ones among them: fetched with the registries' own clients.

Nothing of them is kept in the repository. A package that cannot be fetched is named, and the campaign goes on without.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from edge_app.errors import EdgeError
from edge_app.imaging import file_type
from train.gate import pictures
from train.gate.packages import Package

# Debian's sources: reference pictures, test suites, and files that once broke a decoder.
SOURCES = ("libpng1.6", "libjpeg-turbo", "tiff", "exiv2", "imagemagick", "graphicsmagick", "libwebp", "openjpeg2")
SOURCES += ("netpbm-free", "libgd2", "dcmtk", "gdcm")
PACKED = (
    Package("gdk-pixbuf-tests", "debian", ""),
    Package("pillow", "source", ""),
    Package("pydicom", "source", ""),
    Package("pydicom-data", "wheel", ""),
)
# By name, since what is broken on purpose may begin with anything.
SUFFIXES = (
    "png jpg jpeg jpe gif tif tiff bmp webp tga ico pnm pgm ppm pbm pam xpm jp2 j2k j2c jpc jpx jph psd sgi rgb pcx "
    "dds icns fli heic avif eps exr jxl crw cr2 nef orf dng hdr pfm mpo cur xbm xcf ras mng exv pgf dcm dic jls dpx "
    "miff"
)
# Bytes: none of them has a picture worth more, and what is longer is an archive.
LARGEST = 20_000_000


def fetched(folder: Path) -> tuple[list[Path], list[str]]:
    """Fetch what is not there yet; return the pictures, in an order that mixes the packages, and what failed."""
    folder.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in SOURCES:
        try:
            _source(name, folder)
        except (subprocess.CalledProcessError, EdgeError, OSError) as error:
            failed.append(f"{name}: {error}")
    for package in PACKED:
        try:
            pictures.fetch(package, folder)
        except (subprocess.CalledProcessError, EdgeError, OSError) as error:
            failed.append(f"{package.name}: {error}")
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink() and _is_picture(path)]
    return sorted(found, key=lambda path: pictures.mixed(str(path.relative_to(folder)))), failed


def _is_picture(path: Path) -> bool:
    if not 0 < path.stat().st_size <= LARGEST or ".apt" in path.parts:
        return False
    if path.suffix.lower().lstrip(".") in SUFFIXES.split():
        return True
    with path.open("rb") as file:
        kind = file_type.name(file.read(file_type.HEAD_LENGTH))
    return kind in file_type.FILMS


def _source(name: str, folder: Path) -> None:
    """Fetch a source package of Debian and unpack its archives; nothing of it is built."""
    unpacked = folder / f"{name}-source"
    if unpacked.exists():
        return
    half = folder / f"{name}.half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir()
    command = ["apt-get", *_of_sources(folder), "-q", "source", "--download-only", name]
    subprocess.run(command, cwd=half, check=True, capture_output=True)
    for archive in [path for path in half.iterdir() if ".tar." in path.name and path.suffix != ".asc"]:
        pictures.unpack(archive, half)
        archive.unlink()
    half.rename(unpacked)


def _of_sources(folder: Path) -> list[str]:
    """Return options that let apt see the sources of this machine's suites, in lists of its own."""
    lists = folder / ".apt"
    options = [f"Dir::State::lists={lists}", f"Dir::Etc::SourceParts={lists}/parts", "Dir::Etc::SourceList=-"]
    words = [word for option in options for word in ("-o", option)]
    if not lists.exists():
        (lists / "partial").mkdir(parents=True)
        (lists / "parts").mkdir()
        for path in Path("/etc/apt/sources.list.d").glob("*.sources"):
            # Sources of security updates are not kept everywhere.
            parts = [part for part in path.read_text().split("\n\n") if "-security" not in part]
            text = "\n\n".join(parts).replace("Types: deb\n", "Types: deb-src\n")
            (lists / "parts" / path.name).write_text(text)
        subprocess.run(["apt-get", *words, "-q", "update"], check=True, capture_output=True)
    return words


if __name__ == "__main__":
    found, failed = fetched(Path(sys.argv[1]))
    print(f"{len(found)} pictures", *failed, sep="\n")
