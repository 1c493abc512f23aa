"""What `slim` takes out of an environment, the program never loads."""

import subprocess
import sys
import sysconfig
from pathlib import Path

from edge_app.system import slim
from edge_app.web.text.languages import NAMES

ROOT = Path(__file__).parents[3]
# Decodes by every codec that films need, formats a date in every language, and prints what this loaded.
PROGRAM = """
import datetime, sys
import imagecodecs, numpy, simplejpeg
from babel.dates import format_date
deep = numpy.arange(6400, dtype=numpy.uint16).reshape(80, 80) % 4096
for codec, options in (("jpeg8", {"lossless": True, "bitspersample": 12}), ("jpegls", {}), ("jpeg2k", {"level": 0})):
    coded = getattr(imagecodecs, f"{codec}_encode")(deep, **options)
    assert (getattr(imagecodecs, f"{codec}_decode")(coded) == deep).all()
assert imagecodecs.DICOMRLE.available
for language in sys.argv[1:]:
    format_date(datetime.date(2026, 11, 30), "medium", locale=language)
loaded = {line.split()[-1] for line in open("/proc/self/maps") if ".so" in line}
print(*loaded, *(getattr(module, "__file__", None) or "" for module in sys.modules.values()), sep="\\n")
"""


def test_nothing_that_is_loaded_is_taken_away():
    command = [sys.executable, "-c", PROGRAM, *NAMES]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {Path(line).resolve() for line in ran.stdout.splitlines() if line}
    assert any("libcharls" in path.name for path in loaded)
    packages = Path(sysconfig.get_path("platlib"))
    assert not loaded & {path.resolve() for path in slim.unused(packages)}
    assert all((packages / "babel" / "locale-data" / f"{name}.dat").is_file() for name in NAMES)


def test_it_takes_away_what_is_not_needed(tmp_path):
    names = {
        "imagecodecs/_avif.abi3.so": True,
        "imagecodecs/_jpegxl.abi3.so": True,
        "imagecodecs/_jpegls.abi3.so": False,
        "imagecodecs/imagecodecs.py": False,
        "imagecodecs.libs/libaom-1.so": True,
        "imagecodecs.libs/libcharls-1.so": False,
        "babel/locale-data/de.dat": True,
        "babel/locale-data/es.dat": False,
        "data_store/data/MR2_UNCI.dcm": True,
        "data_store/data/RG1_UNCR.dcm": False,
        "numpy/core/tests/data/x.csv": True,
        "numpy/core/numeric.py": False,
        "pynetdicom/tests/test_ae.py": True,
        "pynetdicom/apps/echoscu/echoscu.py": True,
        "pynetdicom/ae.py": False,
    }
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert set(slim.unused(tmp_path)) == {tmp_path / name for name, goes in names.items() if goes}


def test_the_system_itself_is_left_alone():
    base = Path(sys.base_prefix) / "bin" / "python3"
    ran = subprocess.run([base, ROOT / "edge_app/system/slim.py"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr == "slim: this Python is not of a virtual environment; run it with the one of .venv-edge.\n"
