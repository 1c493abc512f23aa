"""On a Pi's processor, with nothing but Python there: a bundle installs, the doctor is well, verdicts are those of x86.

`make test-arm`; root, and `make bundle` for each system. qemu plays the processor, so nothing here tells a time.
"""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app import __version__
from edge_app.install import model_registry
from edge_app.model import model_file
from edge_app.sources import sample
from tests.support.films import draw_film
from tests.system.arm.pi import PREFIX, ROOT, Pi
from train import signing

# As qemu names those of a Pi 3 and a Zero 2 W, a Pi 4, and a Pi 5: kernels are chosen by what a processor can do.
PROCESSORS = ("cortex-a53", "cortex-a72", "cortex-a76")
DATA = ROOT.parent / "shared" / "data"
# Real films of each collection that are compared, if they are there; one takes a second under emulation.
FILMS = ("COVID-19_Radiography_Dataset/COVID/images", "COVID-19_Radiography_Dataset/Normal/images", "chest_xray")
EACH = 8
# One step of 256, and what runtimes on one processor differ by (`convert.modelfile.golden_film.MOST_APART`).
QUANTUM, MOST_APART = 1 / 256, 8 / 256
# Megabytes on the card, without the sample film, that are allowed.
MOST_INSTALLED_MB = 350
# Megabytes that are allowed while idle: RSS of the program, and PSS of it with its decoders; the page has more of them.
MOST_IDLE_MB, MOST_WATCHING_MB, MOST_SERVING_MB = 120, 120, 140
# Seconds after the first verdict, or the first word of the page, in which what is not needed any more is given back.
SETTLE = 10
PAGE_PORT = 8000
# qemu sets no limits of memory to what it plays (RLIMIT_AS of setrlimit(2)), on which these two insist.
WITHOUT_LIMITS = ("test_what_does_not_fit_costs_its_film_alone", "test_a_file_too_large_for_memory_is_refused")


@pytest.fixture(scope="module")
def films(pi) -> Path:
    """Put films there: drawn ones, the sample, real ones where there are any; return their folder here."""
    folder = pi.root / "work/films"
    folder.mkdir()
    for seed in range(1000, 1006):
        Image.fromarray(draw_film(seed, 300, 280, opacity=seed % 3 / 2)).save(folder / f"drawn-{seed}.png")
    for seed in (1006, 1007):  # must be enlarged
        Image.fromarray(draw_film(seed, 150, 140)).save(folder / f"small-{seed}.png")
    shutil.copy(sample.path(), folder / "sample.dcm")
    for name in FILMS:
        found = sorted(path for path in (DATA / name).rglob("*") if path.suffix in (".png", ".jpeg", ".jpg"))
        for path in found[:: max(1, len(found) // EACH)][:EACH]:
            shutil.copy(path, folder / f"{name.split('/')[-2 if '/' in name else 0]}-{path.name}")
    return folder


def test_it_is_small(pi):
    """Measured with its virtual environment, without the sample film, which no bundle holds."""
    total = sum(path.lstat().st_size for path in (pi.root / "opt").rglob("*") if not path.is_symlink())
    print(f"\nPython {pi.python}: {total / 1e6:.0f} MB installed")
    assert total / 1e6 <= MOST_INSTALLED_MB


def test_the_doctor_is_well(pi):
    told = json.loads(pi.app("doctor", "--json").stdout)
    checks = {check["name"]: check for check in told["checks"]}
    print("".join(f"\n{check['state']:8} {check['name']:12} {check['words']}" for check in told["checks"]))
    assert told["ok"]
    assert "64 bits, aarch64" in checks["system"]["words"]
    proofs = ("packages", "runtime", "model", "fingerprint", "signature", "golden film", "XNNPACK", "threads", "store")
    assert {checks[name]["state"] for name in proofs} == {"ok"}
    assert checks["network"]["words"] == "nothing here listens to other machines"


@pytest.mark.parametrize("processor", PROCESSORS)
def test_each_processor_of_a_pi_computes_what_the_card_says(pi, processor):
    told = json.loads(pi.app("doctor", "--json", QEMU_CPU=processor).stdout)
    golden = next(check for check in told["checks"] if check["name"] == "golden film")
    print(f"\nPython {pi.python}, {processor}: {golden['words']}")
    assert golden["state"] == "ok"


def test_verdicts_are_those_of_this_desk(pi, films):
    there = pi.app("classify", "--json", "/work/films", code=None)
    line = [pi.desk, "-m", "edge_app", "classify", "--json", str(films)]
    here = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert there.returncode == here.returncode
    arm, desk = (
        {Path(row["path"]).name: row for row in map(json.loads, out.stdout.splitlines())} for out in (there, here)
    )
    assert sorted(arm) == sorted(desk) == sorted(path.name for path in films.iterdir())
    thresholds, bands = model_file.read(model_registry.released()).card.limits("refer")
    edges = {label: (edge, *bands.get(label, ())) for label, edge in thresholds.items()}
    apart, between = {}, []
    for name, row in desk.items():
        assert arm[name].get("refusal") == row.get("refusal"), name
        if row.get("scores"):
            apart[name] = max(abs(arm[name]["scores"][label] - score) for label, score in row["scores"].items())
        if arm[name]["verdict"] != row["verdict"]:  # allowed only where a threshold lies between the two scores
            pairs = [(label, sorted((arm[name]["scores"][label], score))) for label, score in row["scores"].items()]
            assert any(low < edge <= high for label, (low, high) in pairs for edge in edges.get(label, ())), name
            between.append(name)
    steps = np.array(list(apart.values())) / QUANTUM
    print(
        f"\nPython {pi.python}: {len(desk)} films, {len(apart)} with scores; apart by {steps.max():.2f} steps at most,"
    )
    print(f"{(steps <= 1).mean():.0%} within one step: {dict(sorted(apart.items(), key=lambda item: -item[1])[:5])}")
    print(f"verdicts that differ, a threshold between the scores: {between}")
    assert len(apart) >= 5
    assert max(apart.values()) <= MOST_APART


def test_the_package_holds_an_environment_that_runs_there(pi, films):
    """Unpacked, not configured: no maintainer script runs without a booted system (tests/system/booted has one)."""
    suite = {"3.11": "bookworm", "3.13": "trixie"}[pi.python]
    package = ROOT / f"build/covid-xray-edge_{__version__}-1~{suite}_arm64.deb"
    subprocess.run(["dpkg-deb", "--extract", package, pi.root], check=True)
    (release,) = (pi.root / "opt/covid-xray/releases").glob(f"*~{suite}")
    command = f"{PREFIX}/releases/{release.name}/bin/covid-xray"
    told = json.loads(pi.run(command, "doctor", "--json").stdout)
    assert told["ok"], told
    assert pi.run(command, "classify", "--json", "/work/films/sample.dcm").stdout.count('"verdict"') == 1
    shutil.rmtree(release)


def test_models_are_taken_and_refused_there(pi, tmp_path):
    new = pi.root / "work/new.tflite"
    shutil.copy(ROOT / "models/covid-xray-short-int8.tflite", new)
    (pi.root / "etc/covid-xray/keys").mkdir()
    public = signing.keygen(tmp_path / "site")
    shutil.copy(public, pi.root / "etc/covid-xray/keys")
    where = {"COVID_XRAY_MODELS": "/var/lib/covid-xray/models"}
    assert "is not signed" in pi.app("model", "install", "/work/new.tflite", code=2, **where).stderr
    assert "model lite0-int8" in pi.app("--version", **where).stdout
    signing.sign(new, signing.private_key(tmp_path / "site"))
    assert "signed by site" in pi.app("model", "install", "/work/new.tflite", **where).stdout
    assert "model short-int8" in pi.app("--version", **where).stdout
    broken = bytearray(new.read_bytes())
    broken[5000] ^= 1
    new.write_bytes(broken)
    signing.sign(new, signing.private_key(tmp_path / "site"))
    assert "is damaged" in pi.app("model", "install", "/work/new.tflite", code=2, **where).stderr
    assert "model short-int8" in pi.app("--version", **where).stdout
    assert model_registry.NAME not in pi.app("model", "rollback", **where).stderr
    assert "model lite0-int8" in pi.app("--version", **where).stdout


# What the program and its children hold while there is nothing to do, in the words of the kernel there: PSS, in which
# memory that a parent shares with its children counts once, RSS, and the RSS of qemu. qemu's own memory, which no Pi
# has, lies above that of the program that it plays, and is told apart by its address (QEMUS).
IDLE = """
import json, subprocess, sys, time
from pathlib import Path
words = json.loads(sys.argv[1])
one = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
first = one.stdout.readline()
time.sleep({settle})
assert one.poll() is None, first
figures = []
for folder in Path("/proc").glob("[0-9]*"):
    try:
        line, maps = (folder / "cmdline").read_bytes().decode(), (folder / "smaps").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        continue
    if " ".join(words) not in line.replace(chr(0), " "):
        continue
    held = {"Pss:": 0, "Rss:": 0, "qemu": 0}
    for line in maps.splitlines():
        name, *fields = line.split()
        if not name.endswith(":"):
            own = int(name.split("-")[0], 16) < {qemus}
        elif name in held and own:
            held[name] += int(fields[0]) / 1000
        elif name == "Rss:":
            held["qemu"] += int(fields[0]) / 1000
    figures.append([round(held[name]) for name in held])
lines = [line.split() for table in ("tcp", "tcp6", "udp", "udp6") for line in open("/proc/net/" + table)]
listens = [fields[1] for fields in lines if fields[3] in ("0A", "07")]
one.terminate()
print(json.dumps([figures, listens]))
"""
# Addresses of a program of 64 bits end below in qemu-user, which has it at 0x5500000000; its own memory is above.
QEMUS = 1 << 40


def idle(pi: Pi, most: int, *words: str) -> list[str]:
    """Start the program there, wait until it has nothing to do, assert that it is small; return who listens.

    Args:
        pi: the root.
        most: megabytes (PSS) that all its processes may hold.
        words: of the command line.
    """
    (pi.root / "work/idle.py").write_text(IDLE.replace("{settle}", str(SETTLE)).replace("{qemus}", str(QEMUS)))
    line = json.dumps([f"{PREFIX}/current/bin/python", f"{PREFIX}/current/bin/covid-xray", *words])
    figures, listens = json.loads(pi.run("python3", "/work/idle.py", line).stdout.splitlines()[-1])
    total, largest = sum(pss for pss, _, _ in figures), max(rss for _, rss, _ in figures)
    print(f"\nPython {pi.python}, emulated, idle {words[0]}: RSS {largest} MB; of all {total} MB PSS {figures}")
    assert figures
    assert all(rss > 10 and qemu > 10 for _, rss, qemu in figures)  # both were found where they are looked for
    assert largest <= MOST_IDLE_MB
    assert total <= most
    return listens


def test_watching_it_is_small_in_memory_and_listens_to_nobody(pi):
    folder = pi.root / "work/arrives"
    folder.mkdir()
    Image.fromarray(draw_film(1000, 300, 280)).save(folder / "film.png")
    assert idle(pi, MOST_WATCHING_MB, "watch", "/work/arrives", "--json") == []


def test_serving_it_is_small_in_memory_and_listens_at_its_port_alone(pi):
    listens = idle(pi, MOST_SERVING_MB, "serve", "--port", str(PAGE_PORT), "--state", "/tmp/page")
    assert listens == [f"0100007F:{PAGE_PORT:04X}"]


def test_the_tests_of_the_light_side_pass_there(pi):
    """All of them, with the runtime, numpy, OpenCV and Pillow of the bundle: half an hour."""
    checkout = pi.root / "work/checkout"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in map(Path, listed.splitlines()):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    # What runs there is in Python alone, and so the same on every processor: coverage, which is not, measures on x86.
    pip = [ROOT / ".venv/bin/python", "-m", "pip", "install", "--quiet", "--only-binary=:all:", "--no-deps", "--target"]
    packages = ["-r", ROOT / "tests/requirements.txt", sample_package()]
    subprocess.run([*pip, checkout / "pure", *packages], check=True)
    line = f"cd /work/checkout && exec {PREFIX}/current/bin/python -m pytest -p no:cacheprovider tests/edge"
    line += "".join(f" --deselect tests/edge/workers/test_decode_faults.py::{name}" for name in WITHOUT_LIMITS)
    done = pi.run("sh", "-c", line, code=None, PYTHONPATH="/work/checkout:/work/checkout/pure")
    (ROOT / f"build/arm/tests-{pi.python}.txt").write_text(done.stdout)
    print(f"\nPython {pi.python}, emulated: {done.stdout.splitlines()[-1]}")
    assert done.returncode == 0, done.stdout[-5000:]


def sample_package() -> str:
    """Return the requirement of the package with the real sample film, which no bundle holds."""
    lines = (ROOT / "edge_app/requirements.txt").read_text().splitlines()
    return next(line for line in lines if line.startswith("pydicom-data"))
