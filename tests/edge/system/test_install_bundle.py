"""The installer of an offline bundle, run from this checkout: what it refuses, and what it leaves behind."""

import ensurepip
import hashlib
import json
import platform
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from edge_app.system import install, slim

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def bundle(tmp_path) -> Path:
    """Return a bundle for this computer: a drawn program, and the pip that came with Python."""
    folder = tmp_path / "bundle"
    (folder / "wheels").mkdir(parents=True)
    about = {"program": "covid-xray-edge", "version": "9", "arch": platform.machine(), "python": HERE}
    (folder / "bundle.json").write_text(json.dumps(about))
    shutil.copy(next(Path(ensurepip.__file__).parent.glob("_bundled/pip-*.whl")), folder / "wheels")
    draw_program(folder, smoke_test="")
    return folder


def draw_program(folder: Path, smoke_test: str) -> None:
    """Put a program into a bundle whose model smoke test ends with this sentence, or well where it is empty."""
    wheel = folder / "wheels" / "covid_xray_edge-9-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        info = "covid_xray_edge-9.dist-info"
        file.writestr("edge_app/__init__.py", "def run():\n    print('covid-xray-edge 9')\n")
        file.writestr("edge_app/diagnostics/model_smoke_test.py", f"import sys\nsys.exit({smoke_test or 0!r})\n")
        file.write(slim.__file__, "edge_app/system/slim.py")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: covid-xray-edge\nVersion: 9\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/entry_points.txt", "[console_scripts]\ncovid-xray = edge_app:run\n")
        file.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"covid-xray-edge==9 --hash=sha256:{digest}\n")
    seal(folder)


def seal(folder: Path) -> None:
    """Write SHA256SUMS anew."""
    (folder / "SHA256SUMS").unlink(missing_ok=True)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_a_bundle_is_installed_and_may_be_installed_again(bundle, tmp_path, capfd):
    here = tmp_path / "here"
    for _ in range(2):
        assert install.main(["--prefix", str(here)], bundle) == 0
        assert f"Installed in {here}; try: {here}/bin/covid-xray doctor" in capfd.readouterr().out
    assert (here / "pyvenv.cfg").is_file()
    assert len(list(here.glob("lib/*/site-packages/covid_xray_edge-9.dist-info"))) == 1


def test_a_program_whose_model_computes_something_else_is_refused(bundle, tmp_path, capfd):
    draw_program(bundle, "model.tflite: golden film: a score differs by 0.200 from the card's.")
    assert install.main(["--prefix", str(tmp_path / "here")], bundle) == 2
    said = capfd.readouterr().err
    assert "golden film: a score differs" in said
    assert "its model does not give on this device what its card says" in said


def test_a_step_that_fails_is_named(bundle, tmp_path, capfd):
    (bundle / "requirements.txt").write_text("covid-xray-edge==9 --hash=sha256:" + "0" * 64 + "\n")
    seal(bundle)
    assert install.main(["--prefix", str(tmp_path / "here")], bundle) == 1
    assert "requirements.txt' failed with exit code 1." in capfd.readouterr().err


def changed(bundle: Path) -> None:
    """Change one byte of a wheel."""
    wheel = next((bundle / "wheels").glob("covid*"))
    data = bytearray(wheel.read_bytes())
    data[40] ^= 1
    wheel.write_bytes(data)


def missing(bundle: Path) -> None:
    """Lose a wheel."""
    next((bundle / "wheels").glob("covid*")).unlink()


def for_another_python(bundle: Path) -> None:
    """Say that the bundle is for another Python."""
    about = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps(about | {"python": "3.7"}))
    seal(bundle)


def for_another_processor(bundle: Path) -> None:
    """Say that the bundle is for another processor."""
    about = json.loads((bundle / "bundle.json").read_text())
    (bundle / "bundle.json").write_text(json.dumps(about | {"arch": "vax"}))
    seal(bundle)


def without_its_description(bundle: Path) -> None:
    """Lose the file that says what the bundle is."""
    (bundle / "bundle.json").unlink()


def unreadable(bundle: Path) -> None:
    """Cut off the file that says what the bundle is."""
    (bundle / "bundle.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (changed, "is damaged or was changed; fetch the bundle again."),
        (missing, "missing, or not listed in SHA256SUMS; fetch the bundle again."),
        (for_another_python, f"This bundle is for Python 3.7 and this is {HERE}"),
        (for_another_processor, f"This bundle is for vax and this is {platform.machine()}"),
        (without_its_description, "cannot be installed ("),
        (unreadable, "cannot be installed ("),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_bundle_that_does_not_fit_is_refused_and_nothing_is_installed(bundle, tmp_path, capsys, damage, said):
    damage(bundle)
    assert install.main(["--prefix", str(tmp_path / "here")], bundle) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "here").exists()


def test_a_folder_of_somebody_is_not_removed(bundle, tmp_path, capsys):
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "thesis.txt").write_text("years")
    assert install.main(["--prefix", str(tmp_path / "here")], bundle) == 2
    assert "is not a virtual environment" in capsys.readouterr().err
    assert (tmp_path / "here" / "thesis.txt").read_text() == "years"


def test_only_root_installs_for_the_whole_device(bundle, capsys, monkeypatch):
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    assert install.main(["--system"], bundle) == 2
    assert "only root may install for the whole device; run it with sudo" in capsys.readouterr().err


def test_a_64_bit_kernel_under_a_32_bit_system_is_refused(monkeypatch):
    monkeypatch.setattr(install.sys, "maxsize", 2**31 - 1)
    with pytest.raises(install.CannotInstall, match="in a 32-bit system"):
        install.fits({"arch": "aarch64", "python": "3.11"}, "aarch64", (3, 11))


def test_the_release_in_use_is_switched_in_one_step(tmp_path):
    for name in ("1", "2"):
        install.switch(tmp_path / "current", tmp_path / name)
        assert (tmp_path / "current").readlink() == tmp_path / name
    assert [path.name for path in tmp_path.iterdir()] == ["current"]


def test_a_release_never_goes_where_the_one_in_use_lies(tmp_path):
    places_taken = []
    for _ in range(3):
        target = install.unused(tmp_path, "1.0")
        target.mkdir(parents=True, exist_ok=True)
        assert (tmp_path / "current").resolve() != target
        install.switch(tmp_path / "current", target)
        places_taken.append(target.name)
    assert places_taken == ["1.0", "1.0-again", "1.0"]
