"""What `doctor` finds of a device: memory, heat, clock, card, open ports, cameras and updates."""

import os
import shutil
import socket
from pathlib import Path

import pytest

from edge_app import atomic_io
from edge_app.camera.capture import devices
from edge_app.diagnostics import hardware, health, open_ports


def test_little_memory(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  950000 kB\nMemAvailable:   120000 kB\n")
    check = health.memory(tmp_path / "meminfo")
    assert check.state == health.WARNING
    assert check.words.startswith("120 MB free")
    (tmp_path / "meminfo").write_text("nothing\n")
    assert health.memory(tmp_path / "meminfo").state == health.OK


def test_a_hot_processor(tmp_path):
    for zone, text in (("thermal_zone0", "85234\n"), ("thermal_zone1", "41000\n"), ("thermal_zone2", "off")):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "temp").write_text(text)
    check = health.temperature(tmp_path)
    assert check.state == health.WARNING
    assert check.words.startswith("85 degrees Celsius")
    shutil.rmtree(tmp_path / "thermal_zone0")
    assert health.temperature(tmp_path) == health.HealthCheck("temperature", health.OK, "41 degrees Celsius")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("throttled=0x0\n", ""),
        ("throttled=0x50005\n", "now too little voltage, throttled"),
        ("throttled=0x80000\n", "since it was switched on: soft temperature limit"),
        ("VCHI initialization failed\n", ""),
        ("", ""),
    ],
)
def test_what_the_firmware_of_a_pi_says(answer, words):
    assert health.throttled(answer) == words


def firmware(folder: Path, lines: str, monkeypatch) -> None:
    """Put a program that answers like a Pi's firmware first in PATH."""
    program = folder / "vcgencmd"
    program.write_text(lines)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def test_a_device_that_slows_its_processor_down(tmp_path, monkeypatch):
    firmware(tmp_path, '#!/bin/sh\n[ "$1" = get_throttled ] && echo throttled=0x50005\n', monkeypatch)
    words = "no sensor tells it; now too little voltage, throttled: cool it, or use a stronger power supply"
    assert health.temperature(tmp_path) == health.HealthCheck("temperature", health.WARNING, words)


def test_a_firmware_that_cannot_be_asked_says_nothing(tmp_path, monkeypatch):
    firmware(tmp_path, "#!/nowhere/sh\n", monkeypatch)
    assert health.temperature(tmp_path) == health.HealthCheck("temperature", health.OK, "no sensor tells it")


def test_a_disk_that_is_nearly_full(tmp_path, monkeypatch):
    free = shutil.disk_usage(tmp_path).free // 1_000_000
    monkeypatch.setattr(health, "LEAST_DISK_MB", 2 * free)
    few = health.disk(tmp_path)
    assert few.state == health.WARNING
    assert few.words.endswith(f"MB free at {tmp_path}; make room soon, or 'results forget' old ones")
    monkeypatch.setattr(health, "NO_DISK_MB", 2 * free)
    none = health.disk(tmp_path)
    assert none.state == health.FAULT
    assert none.words.endswith("no result can be kept; make room, or 'results forget' old ones")


def test_a_folder_that_does_not_exist_yet_is_measured_where_it_will_be(tmp_path):
    assert health.nearest(tmp_path / "a" / "b") == tmp_path
    assert health.disk(tmp_path / "a" / "b").state in (health.OK, health.WARNING)


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        (["pydicom"], "pydicom missing, tqdm 4.0: DICOM films cannot be read; run 'pip install pydicom'"),
        (["numpy", "pydicom"], "tqdm 4.0: not every film can be read; run 'pip install numpy pydicom'"),
        ([], "; this release was tested with "),
    ],
)
def test_packages_that_are_missing_or_of_another_version(monkeypatch, lacking, words):
    monkeypatch.setattr(health, "installed", lambda name: None if name in lacking else "4.0")
    check = health.packages()
    assert check.state == health.WARNING
    assert words in check.words


NOW = 1_800_000_000  # a day in 2027


def put(root: Path, **files) -> Path:
    """Write files of a device: their names with '__' for '/'."""
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_a_clock_that_stands_in_the_past():
    check = hardware.clock(0)
    assert check.state == health.FAULT
    assert check.words.startswith("1970-01-01 00:00 UTC is long past")


def test_who_keeps_the_clock(tmp_path):
    assert hardware.clock(NOW, tmp_path).state == health.WARNING
    assert "add a clock module (RTC)" in hardware.clock(NOW, tmp_path).words
    (tmp_path / "sys/class/rtc/rtc0").mkdir(parents=True)
    assert "with a battery" in hardware.clock(NOW, tmp_path).words
    put(tmp_path, run__systemd__timesync__synchronized="")
    check = hardware.clock(NOW, tmp_path)
    assert (check.state, check.words) == (health.OK, "2027-01-15 08:00 UTC, told by a time server")


def test_the_system_and_its_bits(tmp_path):
    put(tmp_path / "etc", **{"os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'})
    put(tmp_path / "proc/device-tree", model="Raspberry Pi 5 Model B Rev 1.0\0")
    check = hardware.system(tmp_path, "aarch64", 64)
    said = "Raspberry Pi 5 Model B Rev 1.0, Debian GNU/Linux 12 (bookworm), 64 bits, aarch64"
    assert (check.state, check.words) == (health.OK, said)
    assert hardware.system(tmp_path, "armv7l", 32).state == health.OK
    assert "use the 64-bit OS" in hardware.system(tmp_path, "aarch64", 32).words


MOUNTS = "/dev/root / ext4 rw,noatime 0 0\n/dev/sda1 /media/my\\040disk vfat rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n"


@pytest.mark.parametrize(
    ("files", "state", "words"),
    [
        ({}, health.OK, "/dev/root may be written"),
        ({"proc/self/mounts": MOUNTS.replace("rw,noatime", "ro,noatime")}, health.FAULT, "/ may only be read"),
        ({"sys/fs/ext4/mmcblk0p2/errors_count": "3\n"}, health.FAULT, "(3 on mmcblk0p2)"),
        ({"sys/fs/ext4/mmcblk0p2/errors_count": "0\n"}, health.OK, "no errors or wear"),
        ({"sys/block/mmcblk0/device/pre_eol_info": "0x02\n"}, health.WARNING, "mmcblk0 is nearly worn out"),
        ({"sys/block/mmcblk0/device/pre_eol_info": "0x03\n"}, health.FAULT, "mmcblk0 is worn out"),
        ({"sys/block/mmcblk0/device/life_time": "0x01 0x09\n"}, health.WARNING, "mmcblk0 is nearly worn out"),
        ({"sys/block/mmcblk0/device/life_time": "0x0b 0x01\n"}, health.FAULT, "mmcblk0 is worn out"),
        ({"sys/block/mmcblk0/device/life_time": "0x01 0x01\n"}, health.OK, "no errors or wear"),
    ],
)
def test_how_worn_the_card_is(tmp_path, files, state, words):
    for name, text in ({"proc/self/mounts": MOUNTS} | files).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    check = hardware.storage(Path("/var"), tmp_path)
    assert check.state == state
    assert words in check.words


def test_nobody_else_listens():
    """Sockets of this very process: one for this machine only, one for all."""
    with socket.create_server(("127.0.0.1", 0)) as closed, socket.create_server(("", 0)) as wide:
        here, everywhere = (one.getsockname()[1] for one in (closed, wide))
        check = open_ports.check()
        assert f"tcp/{here} (" not in check.words
        assert f"tcp/{everywhere} (" in check.words
    assert f"tcp/{everywhere} (" not in open_ports.check().words


def test_loopback_in_the_kernels_words():
    for address in ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"):
        assert open_ports._loopback(address)
    for address in ("00000000", "0" * 32, "0A01A8C0", "0000000000000000FFFF00000A01A8C0"):
        assert not open_ports._loopback(address)


def test_a_port_of_this_program_is_no_fault(tmp_path):
    put(tmp_path, net__tcp="header\n 0: 00000000:1F90 00000000:0000 0A 0:0 0:0 0 0 0 777 1\n")
    assert "tcp/8080 (?)" in open_ports.check(tmp_path).words
    put(tmp_path / "12", cmdline="/opt/covid-xray/current/bin/python\0-m\0edge_app\0serve\0", comm="python\n")
    (tmp_path / "12/fd").mkdir()
    (tmp_path / "12/fd/3").symlink_to("socket:[777]")
    check = open_ports.check(tmp_path)
    assert (check.state, check.words) == (health.OK, "other machines can reach this program alone: tcp/8080 (python)")
    put(tmp_path, net__tcp="header\n", net__udp="header\n 0: 00000000:0044 00000000:0000 07 0:0 0:0 0 0 0 9 1\n")
    assert open_ports.check(tmp_path).words == "nothing here listens to other machines"


def test_cameras_that_are_well_or_not(monkeypatch):
    found = [devices.Device("pi:0", "imx708")]
    monkeypatch.setattr(devices, "found", lambda: found)
    assert hardware.cameras() == health.HealthCheck("camera", health.OK, "pi:0 (imx708)")
    found.append(devices.Device("/dev/video0", "C270", "this user may not open it"))
    check = hardware.cameras()
    assert (check.state, check.words.split(";")[1]) == (health.WARNING, " /dev/video0: this user may not open it")
    found.clear()
    assert hardware.cameras().state == health.OK


def test_an_update_that_was_cut_short_is_told_and_one_that_goes_on_is_not(tmp_path):
    assert hardware.update_state(tmp_path).state == health.OK
    (tmp_path / "unpacked").mkdir()
    check = hardware.update_state(tmp_path)
    assert (check.name, check.state) == ("updates", health.WARNING)
    assert f"an update in {tmp_path} was cut short" in check.words
    with atomic_io.alone(tmp_path):
        assert hardware.update_state(tmp_path) == health.HealthCheck(
            "updates", health.OK, "an update is being installed"
        )
