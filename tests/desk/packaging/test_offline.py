"""The wheel, the offline bundle and the package: made by the real pip, from drawn wheels, and installed."""

import ensurepip
import hashlib
import json
import platform
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from convert.packaging import offline, wheels
from edge_app.errors import WrongUsage
from edge_app.system import install, places, slim

ROOT = Path(__file__).parents[3]
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def draw_wheel(folder: Path, name: str, version: str, tags: str = "py3-none-any") -> Path:
    """Make a wheel that holds nothing but its name."""
    stem = f"{name.replace('-', '_')}-{version}"
    path = folder / f"{stem}-{tags}.whl"
    with zipfile.ZipFile(path, "w") as file:
        info = f"{stem}.dist-info"
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n")
        file.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Return a folder that pip looks into in place of an index."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def stock(index: Path, target: wheels.Target, tags: str, without: tuple[str, ...] = ()) -> None:
    """Put all that a target needs into an index."""
    for one in target.needs():
        name, version = one.split("==")
        if name not in without:
            draw_wheel(index, name, version, tags)


def names(python: str) -> set[str]:
    """Return the packages that a 64-bit Pi with this Python gets."""
    return {one.split("==")[0] for one in wheels.Target("aarch64", python).needs()}


def test_bookworm_gets_tflite_runtime_and_trixie_ai_edge_litert_and_neither_the_samples():
    old, new = (names(python) for python in wheels.GLIBC)
    assert {"tflite-runtime", "numpy", "opencv-python-headless", "pillow", "pydicom", "cryptography"} <= old
    assert {"ai-edge-litert", "numpy", "opencv-python-headless", "pillow", "pydicom", "cryptography"} <= new
    assert "ai-edge-litert" not in old
    assert "tflite-runtime" not in new
    assert not {"pydicom-data"} & (old | new)


def test_wheels_for_another_processor_are_fetched(index, tmp_path):
    target = wheels.Target("aarch64", "3.11")
    stock(index, target, "cp311-cp311-manylinux_2_28_aarch64")
    stock(index, target, "cp311-cp311-manylinux_2_28_x86_64")
    found = wheels.fetch(target, tmp_path)
    assert len(found) == len(target.needs())
    assert all("aarch64" in path.name for path in found)


def test_wheels_for_a_newer_system_are_none(index, tmp_path):
    stock(index, wheels.Target("aarch64", "3.11"), "cp311-cp311-manylinux_2_39_aarch64")
    with pytest.raises(WrongUsage, match="there is no wheel of tflite-runtime"):
        wheels.fetch(wheels.Target("aarch64", "3.11"), tmp_path)


def test_where_there_are_no_wheels_all_that_lack_are_named_and_nothing_is_made(index, tmp_path, capsys, monkeypatch):
    stock(index, wheels.Target("armv7", "3.11"), "cp311-cp311-manylinux_2_28_armv7l", without=("numpy", "pillow"))
    draw_wheel(index, *wheels.PIP.split("=="))
    out = tmp_path / "out"
    monkeypatch.setattr("sys.argv", ["offline", "--arch", "armv7", "--out", str(out)])
    assert wheels.command("offline", "", offline.make) == 2
    said = capsys.readouterr()
    assert re.search(r"no wheel of numpy==\S+, pillow==\S+, so nothing is made", said.err)
    assert "64-bit Raspberry Pi OS" in said.err
    assert not list(out.glob("*.tar.gz"))


@pytest.mark.parametrize(("arch", "python"), [("sparc", "3.11"), ("aarch64", "3.9"), ("aarch64", "4")])
def test_another_processor_or_python_is_refused(arch, python):
    with pytest.raises(WrongUsage, match="is not known"):
        wheels.Target(arch, python)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Return the wheel of this program."""
    return wheels.build(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_every_module_and_the_model(wheel):
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if name.startswith("edge_app/")}
        model = file.read("edge_app/models/covid-xray-lite0-int8.tflite")
    tracked = subprocess.run(["git", "ls-files", "edge_app"], cwd=ROOT, capture_output=True, text=True, check=True)
    lacking = set(tracked.stdout.split()) - names
    assert not lacking, f"name their packages and files in pyproject.toml, [tool.setuptools]: {sorted(lacking)}"
    assert model == (ROOT / "models" / "covid-xray-lite0-int8.tflite").read_bytes()
    assert not [name for name in names if name.endswith((".pyc", "float32.tflite"))]


def test_the_wheel_made_twice_is_the_same(wheel, tmp_path):
    assert wheels.build(tmp_path).read_bytes() == wheel.read_bytes()


@pytest.fixture
def bundle(tmp_path) -> Path:
    """Return a bundle for this computer, of nothing but drawn wheels."""
    folder = tmp_path / "bundle"
    (folder / "wheels").mkdir(parents=True)
    about = {"program": "covid-xray-edge", "version": "9", "arch": platform.machine(), "python": HERE}
    (folder / "bundle.json").write_text(json.dumps(about))
    shutil.copyfile(Path(install.__file__), folder / "install.py")
    draw_wheel(folder / "wheels", "something", "1")
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Write SHA256SUMS anew."""
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def installed(bundle: Path, *words: str) -> subprocess.CompletedProcess:
    """Run a bundle's installer as a person does."""
    line = [sys.executable, "-I", str(bundle / "install.py"), *words]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_a_whole_bundle_passes(bundle):
    install.verify(bundle)


@pytest.mark.parametrize("damage", ["changed", "missing", "more"])
def test_a_bundle_that_was_changed_is_refused_and_nothing_is_installed(bundle, tmp_path, damage):
    wheel = next((bundle / "wheels").iterdir())
    if damage == "changed":
        data = bytearray(wheel.read_bytes())
        data[40] ^= 1
        wheel.write_bytes(data)
    elif damage == "missing":
        wheel.unlink()
    else:
        shutil.copyfile(wheel, wheel.with_name("other-1-py3-none-any.whl"))
    ran = installed(bundle, "--prefix", str(tmp_path / "here"))
    assert ran.returncode == 2
    assert "fetch the bundle again" in ran.stderr
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize(
    ("field", "value", "said"), [("python", "3.7", "is for Python 3.7 and this is"), ("arch", "vax", "is for vax and")]
)
def test_a_bundle_for_another_device_is_refused(bundle, tmp_path, field, value, said):
    about = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps(about | {field: value}))
    seal(bundle)
    ran = installed(bundle, "--prefix", str(tmp_path / "here"))
    assert ran.returncode == 2
    assert said in ran.stderr
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("sound", [True, False])
def test_a_program_whose_model_computes_something_else_here_is_refused(bundle, tmp_path, sound):
    shutil.copy(next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")), bundle / "wheels")
    wheel = draw_wheel(bundle / "wheels", "covid-xray-edge", "9")
    with zipfile.ZipFile(wheel, "a") as file:
        said = "" if sound else "model.tflite: golden film: a score differs by 0.200 from the card's."
        file.writestr("edge_app/__init__.py", "def run():\n    print('covid-xray-edge 9')\n")
        file.write(slim.__file__, "edge_app/system/slim.py")
        file.writestr("edge_app/diagnostics/model_smoke_test.py", f"import sys\nsys.exit({said or 0!r})\n")
        entry = "[console_scripts]\ncovid-xray = edge_app:run\n"
        file.writestr("covid_xray_edge-9.dist-info/entry_points.txt", entry)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (bundle / "requirements.txt").write_text(f"covid-xray-edge==9 --hash=sha256:{digest}\n")
    seal(bundle)
    ran = installed(bundle, "--prefix", str(tmp_path / "here"))
    assert ran.returncode == (0 if sound else 2), ran.stderr
    if not sound:
        assert "golden film: a score differs" in ran.stderr
        assert "its model does not give on this device what its card says" in ran.stderr


def test_a_folder_of_somebody_is_not_removed(bundle, tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "thesis.txt").write_text("years")
    ran = installed(bundle, "--prefix", str(tmp_path / "here"))
    assert ran.returncode == 2
    assert "is not a virtual environment" in ran.stderr
    assert (tmp_path / "here" / "thesis.txt").read_text() == "years"


def settings(text: str) -> dict[str, str]:
    """Return what a file of NAME=value lines sets."""
    pairs = (line.partition("=") for line in text.splitlines() if line and not line.startswith(("#", "[")))
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize(
    "unit", [path for path in places.units() if path.suffix == ".service"], ids=lambda one: one.stem
)
def test_units_ask_for_what_the_configuration_has(unit):
    text, known = unit.read_text(), settings((places.HERE / "covid-xray.conf").read_text())
    used = set(re.findall(r"\$\{?([A-Z_]+)", "".join(re.findall(r"^ExecStart=.*$", text, re.M))))
    assert used <= set(known), f"covid-xray.conf lacks {used - set(known)}"


@pytest.mark.parametrize("name", ["watch", "camera", "page", "dicom"])
def test_services_are_watched_limited_and_shut(name):
    text = (places.HERE / "units" / f"covid-xray-{name}.service").read_text()
    held = settings(text)
    wanted = {"Type": "notify", "Restart": "always", "ProtectSystem": "strict", "NoNewPrivileges": "yes"}
    wanted |= {"PrivateTmp": "yes", "StandardOutput": "null", "User": "covid-xray", "OOMPolicy": "continue"}
    assert {key: held.get(key) for key in wanted} == wanted
    assert {"WatchdogSec", "MemoryMax", "CPUQuota", "RestrictAddressFamilies", "SystemCallFilter"} <= set(held)


def test_every_option_of_a_unit_is_one_of_its_command(capsys):
    from edge_app.commands import COMMANDS
    from edge_app.commands.cli import parser

    checked, values = 0, settings((places.HERE / "covid-xray.conf").read_text())
    for unit in places.units():
        line = re.search(r"^ExecStart=\S+covid-xray (.*)$", unit.read_text(), re.M)
        if not line or line[1].split()[0] not in COMMANDS:
            continue
        words = re.sub(r"\$\{?([A-Z_]+)\}?", lambda found: values[found[1]], line[1]).split()
        assert parser(words[0]).parse_args(words).func
        checked += 1
    assert checked >= 2
