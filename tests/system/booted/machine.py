"""The package in a virtual machine with a kernel of its own: limits of memory and CPU, and power cuts during work.

`python -m tests.system.booted.machine` (`make test-power`): root, and the .deb of `make deb ARCH=x86_64`. qemu plays
the processor, so it takes ten minutes and measures no speed. CUTS is how often the power is cut, WORK the most seconds
of work before a cut: a busy computer needs more.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

from PIL import Image

from edge_app import __version__
from tests.support.films import draw_film

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "build/booted/machine"
CUTS = int(os.environ.get("CUTS", "5"))
# A Pi's system, with a kernel for virtual machines. Pillow and numpy, for the job itself, come from the package.
PACKAGES = "systemd,systemd-sysv,dbus,udev,python3,procps,libstdc++6,linux-image-cloud-amd64,initramfs-tools,zstd"
TOOLS = ("qemu-system-x86_64", "mmdebstrap", "mke2fs", "debugfs")
DEBIAN = ("qemu-system-x86", "seabios", "mmdebstrap", "e2fsprogs")
PYTHON = "/opt/covid-xray/current/bin/python"
UNIT = f"""[Unit]
After=multi-user.target
[Service]
Type=oneshot
Environment=PYTHONDONTWRITEBYTECODE=1
WorkingDirectory=/job
ExecStart=/bin/sh -c 'exec {PYTHON} -m tests.system.booted.$(cat /job/name)'
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
ExecStopPost=/usr/bin/systemctl poweroff --no-block
[Install]
WantedBy=multi-user.target
"""
# Seconds after which a machine is given up, and the most seconds of work before its power is cut.
LONGEST, WORK = 900, int(os.environ.get("WORK", "120"))


def image(folder: Path) -> None:
    """Make the disk: Debian, the package as dpkg installs it, the job, films and models."""
    base, root = folder / "base.tar", folder / "root"
    if not base.exists():
        sources = Path("/etc/apt/sources.list.d/debian.sources").read_text().split()
        mirror = sources[sources.index("URIs:") + 1]
        line = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", f"--include={PACKAGES}"]
        new = folder / "new.tar"
        subprocess.run([*line, '--aptopt=APT::Install-Recommends "false"', "bookworm", new, mirror], check=True)
        new.rename(base)
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    subprocess.run(["tar", "-xf", base, "-C", root], check=True)
    shutil.copy(ROOT / f"build/covid-xray-edge_{__version__}-1~bookworm_amd64.deb", root / "root/package.deb")
    # No systemd runs there yet: the package enables its services, which start with the machine.
    apart = ["unshare", "--mount", "--pid", "--fork", f"--mount-proc={root / 'proc'}"]
    install = [*apart, "chroot", root, "dpkg", "-i", "/root/package.deb"]
    subprocess.run(install, check=True, stdout=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    (root / "root/package.deb").unlink()
    copied = ("tests/__init__.py", "tests/system/__init__.py", "tests/support/__init__.py", "tests/support/films.py")
    for name in (*copied, *(f"{path.relative_to(ROOT)}" for path in here())):
        (root / "job" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, root / "job" / name)
    films(root / "films")
    units = root / "etc/systemd/system"
    (units / "job.service").write_text(UNIT)
    (units / "multi-user.target.wants/job.service").symlink_to("../job.service")
    (units / "serial-getty@ttyS0.service").symlink_to("/dev/null")
    (root / "etc/machine-id").write_text("")
    for name in ("vmlinuz", "initrd.img"):
        (found,) = (root / "boot").glob(f"{name}-*")
        shutil.copy(found, folder / name)
    disk = folder / "disk.img"
    disk.unlink(missing_ok=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", root, disk, "3G"], check=True)
    shutil.rmtree(root)


def here() -> list[Path]:
    """Return the modules of this folder."""
    return sorted(Path(__file__).parent.glob("*.py"))


def films(folder: Path) -> None:
    """Draw the films for the jobs, and copy two models."""
    folder.mkdir()
    Image.fromarray(draw_film(1, 300, 260)).save(folder / "small.png")
    large = Image.fromarray(draw_film(2, 600, 500)).resize((5000, 6000)).convert("RGBA")
    large.putpixel((0, 0), (0, 0, 0, 0))
    large.save(folder / "huge.png", compress_level=0)
    for name in ("lite0", "short"):
        shutil.copy(ROOT / f"models/covid-xray-{name}-int8.tflite", folder / f"{name}.tflite")


def put(disk: Path, name: str, content: str) -> None:
    """Write a file into the disk of a machine that is off; its journal is replayed first."""
    held = disk.with_name("put.txt")
    held.write_text(content)
    # 1: errors were corrected, which the replay of a journal after a power cut counts as.
    checked = subprocess.run(["e2fsck", "-p", disk], check=False, capture_output=True, text=True)
    assert checked.returncode in (0, 1), checked.stdout
    commands = f"rm {name}\nwrite {held} {name}\n"
    subprocess.run(
        ["debugfs", "-w", "-f", "/dev/stdin", disk], input=commands, text=True, check=True, capture_output=True
    )


def started(disk: Path, megabytes: int) -> subprocess.Popen:
    """Switch a machine on; its stdout is the console."""
    drive = f"file={disk},format=raw,if=virtio,cache=writeback"
    line = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", f"{megabytes}", "-smp", "2", "-nographic"]
    line += ["-no-reboot", "-net", "none", "-drive", drive, "-kernel", disk.with_name("vmlinuz")]
    # At its start the kernel counts the timer's ticks; on a busy host the emulated timer seems dead, and it panics.
    words = "root=/dev/vda rw console=ttyS0 quiet panic=-1 no_timer_check"
    line += ["-initrd", disk.with_name("initrd.img"), "-append", words]
    return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, errors="replace")


def limits(disk: Path) -> None:
    """Run limits.py in a machine."""
    put(disk, "/job/name", "limits")
    machine = started(disk, 800)
    killer = threading.Timer(LONGEST, machine.kill)
    killer.start()
    lines = [line.strip() for line in machine.stdout]
    killer.cancel()
    told = [line[line.index("JOB ") :] for line in lines if "JOB " in line]
    print("\n".join(told), flush=True)
    assert told[-1:] == ["JOB OK"], "\n".join(lines[-40:])


def cut(disk: Path) -> None:
    """Cut the power again and again; each start checks what was told before the cut."""
    rng, must, in_use = random.Random(2026), {"told": [], "models": ["lite0"]}, ""
    for number in range(CUTS + 1):
        put(disk, "/job/name", "cut")
        put(disk, "/must.json", json.dumps(must | {"cut": number}))
        machine = started(disk, 1024)
        killers = [threading.Timer(LONGEST, machine.kill)]
        killers[0].start()
        for line in machine.stdout:
            if not line.endswith("\n"):  # cut off
                break
            # What systemd says may stand before it on the console.
            found = re.search(r"(JOB|BEGUN|DONE|TOLD) (.*)", line)
            word, rest = found.groups() if found else ("", "")
            if word == "JOB":
                print(f"JOB {rest}", flush=True)
                assert rest.startswith(f"start {number}:"), machine.stdout.read()
                in_use = rest.partition("model ")[2].split()[0]
                if number == CUTS:
                    machine.kill()
                # At any instant of the work that begins now.
                killers.append(threading.Timer(rng.uniform(1, WORK), machine.kill))
                killers[-1].start()
            elif word == "BEGUN":
                must["models"] = [in_use, rest]
            elif word == "DONE":
                in_use, must["models"] = rest, [rest]
            elif word == "TOLD":
                must["told"] = json.loads(rest)
        machine.kill()
        machine.wait()
        for killer in killers:
            killer.cancel()
        assert len(killers) == 2, f"start {number}: nothing was heard of it"
    assert must["told"], f"no film was done before a cut, so this proves nothing: set WORK to more than {WORK}"
    print(f"JOB the power was cut {CUTS} times: nothing that was told is lost", flush=True)


def main() -> int:
    """Make the machine and run both jobs."""
    if os.geteuid() != 0:
        print("Only root can make a machine's disk; run it with sudo.", file=sys.stderr)
        return 2
    if not all(map(shutil.which, TOOLS)):
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *DEBIAN], check=True)
    PLACE.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    image(PLACE)
    print(f"JOB the machine's disk was made in {time.monotonic() - began:.0f} s", flush=True)
    limits(PLACE / "disk.img")
    cut(PLACE / "disk.img")
    return 0


if __name__ == "__main__":
    sys.exit(main())
