"""Coverage-guided bytes to the readers: `python -m tests.system.fuzz.guided --seconds 600`, in atheris's environment.

Each reader runs in a process of its own, which libFuzzer steers to bytes that reach new lines of `edge_app` and of what
reads DICOM. What a reader finds interesting is kept in OUT/corpus, so that the next run goes on from there. A reader
that raises what it must not, takes more than `SLOWEST` seconds or more than `MOST_MB` stops; the bytes that did it lie
in OUT/anomalies. Exit code: 1 if one did.
"""

import argparse
import io
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edge_app", "pydicom"]):
    from edge_app.dicomweb import multipart
    from edge_app.errors import EdgeError
    from edge_app.imaging import deep_film, dicom, dicom_file, file_type, jpeg, limits, png, radiograph
    from edge_app.install import model_registry
    from edge_app.model import model_file
    from tests.support import json_readers

from tests.support.bad_pictures import polyglots
from tests.support.films import png as png_film
from tests.support.golden import GOLDEN
from tests.support.sentences import wrong_with

SLOWEST, MOST_MB = 20, 2000
# Bytes of an input: what a reader does with more it does with these.
LONGEST = 60_000
WHERE = Path("film")

Read = Callable[[bytes], object]


def type_of(content: bytes) -> None:
    """Tell the type, and describe what has none."""
    if file_type.name(content) is None:
        assert file_type.looks_like(content[: file_type.HEAD_LENGTH]).isprintable()


LAZY = (deep_film, dicom)  # the program imports them where they are used: here they must be seen


def film(content: bytes) -> None:
    """Decode any film, on both ways."""
    for decode in (radiograph.decode, radiograph.deep):
        try:
            decode(WHERE, content)
        except EdgeError as error:
            assert not wrong_with(str(error), WHERE), str(error)


def dicom_(content: bytes) -> None:
    """Decode what is taken for DICOM."""
    film(bytes(dicom_file.PREAMBLE) + dicom_file.MARK + content)


def headers(content: bytes) -> None:
    """Read the headers that are looked at before a library's."""
    jpeg.frame(content)
    try:
        png.essential(content)
    except limits.DAMAGE:
        return


def body(content: bytes) -> None:
    """Read a multipart body, as STOW-RS has it."""
    try:
        with multipart.parts(io.BytesIO(content), b"mark"):
            return
    except multipart.Broken:
        return


def model(content: bytes) -> None:
    """Read the zip and the card of a model file."""
    try:
        model_file.unpack(b"\0\0\0\0TFL3" + content, WHERE)
    except EdgeError as error:
        assert str(error).startswith("film: ")


def targets(folder: Path) -> dict[str, tuple[Read, list[bytes]]]:
    """Return each reader with inputs that it takes, by name."""
    found: dict[str, tuple[Read, list[bytes]]] = {
        "file-type": (type_of, [png_film()[:256], bytes(128) + b"DICM"]),
        "headers": (headers, [png_film()]),
        "multipart": (body, [b"--mark\r\nContent-Type: application/dicom\r\n\r\nx\r\n--mark--"]),
    }
    dicoms = [made()[132:] for name, made in polyglots(folder).items() if name == "dicom and tiff"]
    found["dicom"] = (dicom_, dicoms)
    found["picture"] = (film, [png_film(64, 64)])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(model_file.CARD, json.dumps(dict(model_file.read(GOLDEN / "tiny-int8.tflite").card.raw)))
    found["model-file"] = (model, [packed.getvalue()])
    for name, reader in json_readers.readers(folder, model_registry.released()).items():
        found[name.replace(" ", "-").replace("'", "")] = (_taken(reader), [json.dumps(reader.value).encode()])
    return found


def _taken(reader) -> Read:
    def read(content: bytes) -> None:
        try:
            reader.read(content)
        except reader.raises:
            return

    return read


def run(name: str, seconds: int, out: Path) -> str:
    """Steer one reader in a process of its own; return libFuzzer's last words."""
    corpus = out / "corpus" / name
    (out / "anomalies").mkdir(parents=True, exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)
    words = [f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MOST_MB}", f"-max_len={LONGEST}"]
    words += [f"-artifact_prefix={out}/anomalies/{name}-", "-print_final_stats=1", str(corpus)]
    command = [sys.executable, "-m", "tests.system.fuzz.guided", "--one", name, *words]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    (out / f"{name}.log").write_text(done.stdout + done.stderr)
    runs = re.search(r"number_of_executed_units:\s+(\d+)", done.stderr)
    reached = re.findall(r"cov: (\d+)", done.stderr)
    peak = re.search(r"peak_rss_mb:\s+(\d+)", done.stderr)
    counts = f"{int(runs[1]) if runs else 0:,} inputs, {reached[-1] if reached else 0} places in the code"
    said = f"{counts}, {peak[1] if peak else '?'} MB"
    return said if done.returncode == 0 else f"FAILED after {said}: see {out}/{name}.log"


def one(name: str, words: list[str]) -> None:
    """Be the process of one reader."""
    folder = Path(tempfile.mkdtemp(prefix="guided-"))
    read, seeds = targets(folder)[name]
    for number, seed in enumerate(seeds):
        (Path(words[-1]) / f"seed-{number}").write_bytes(seed)
    atheris.Setup(["guided", *words], read)
    atheris.Fuzz()


def main() -> int:
    """Run the command."""
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], sys.argv[3:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=600, metavar="N", help="of each reader")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), metavar="DIR")
    parser.add_argument("names", nargs="*", metavar="READER", help="default: all")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        names = args.names or list(targets(Path(folder)))
    failed = 0
    for name in names:
        said = run(name, args.seconds, args.out)
        failed += said.startswith("FAILED")
        print(f"{name}: {said}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
