"""What needs a person: from figures, drift that chance does not explain, the table and the waves. Nothing is asked."""

import dataclasses

import pytest

from edge_app.errors import WrongUsage
from edge_app.fleet import condition, drift, table, watching, waves
from edge_app.fleet.figures import Counts, Figures, NoFigures, parse
from edge_app.fleet.inventory import Device

NOW = 1_800_000_000.0
DAY = 86_400
FINE = Figures(
    model="lite0-int8",
    model_sha256="ab" * 32,
    version="0.4.0",
    rule="refer",
    last_reading=NOW - 3600,
    certificate_expiry=NOW + 300 * DAY + 60,
    recent=Counts(200, 10, 60, 20),
    kept=Counts(800, 40, 240, 80),
    disk_free=20e9,
    disk_size=32e9,
    temperature=48.0,
    expected_unsure=(0.28, 0.34),
)


def conditions(*figures, **options):
    devices = [Device(f"pi-{number}:8443", f"pi-{number}", 8443) for number in range(len(figures))]
    said = dict(zip((device.name for device in devices), figures, strict=True))
    return condition.of_fleet(devices, said, now=NOW, **options)


def needs(figures: Figures, **options) -> list[str]:
    return list(conditions(figures, **options)[0].needs)


def test_a_device_that_is_well_needs_nobody():
    assert needs(FINE) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"faults": ("decoder", "disk")}, ["a fault lasts: decoder", "a fault lasts: disk"]),
        ({"disk_free": 150e6}, ["150 MB are left on its disk"]),
        ({"disk_free": 1e9}, ["1,000 MB are left on its disk"]),  # less than a twentieth of 32 GB
        ({"temperature": 81.0}, ["81 degrees Celsius"]),
        ({"certificate_expiry": NOW + 29 * DAY}, ["its certificate ends in 29 days"]),
        ({"last_reading": NOW - 8 * DAY}, ["no reading for 8 days"]),
    ],
)
def test_what_needs_a_person(changed, words):
    found = needs(dataclasses.replace(FINE, **changed))
    assert len(found) == len(words)
    assert all(one.startswith(begin) for one, begin in zip(found, words, strict=True))


def test_idle_days_may_be_left_out_and_a_new_device_has_no_reading_yet():
    assert needs(dataclasses.replace(FINE, last_reading=NOW - 80 * DAY), idle_days=0) == []
    assert needs(dataclasses.replace(FINE, last_reading=None)) == []


def test_one_that_does_not_answer_and_one_of_an_older_version():
    gone, old = conditions(NoFigures("it does not answer"), Figures("lite0-int8", "ab" * 32))
    assert gone.needs == ("it does not answer",)
    assert not old.needs and old.notes == ("its page is older and tells neither faults nor room; update it",)


def test_another_model_than_the_others_is_noted():
    other = dataclasses.replace(FINE, model_sha256="cd" * 32)
    assert [one.notes for one in conditions(FINE, FINE, other)] == [
        (),
        (),
        ("another model than most of the fleet",),
    ]


def test_a_device_that_differs_from_the_fleet_drifts():
    odd = dataclasses.replace(FINE, recent=Counts(200, 90, 30, 10))
    found = conditions(FINE, FINE, FINE, odd)
    assert [bool(one.drifts) for one in found] == [False, False, False, True]
    assert ("refused", 0.45, 0.05, "fleet") in [tuple(one) for one in found[3].drifts]
    assert found[3].needs[0].startswith("drift: refused 45% of its readings, 5% in the median of the fleet")


def test_few_films_and_small_differences_are_no_drift():
    few = dataclasses.replace(FINE, recent=Counts(6, 2, 3, 1))
    near = dataclasses.replace(FINE, recent=Counts(100_000, 8_000, 30_000, 10_000))
    many = dataclasses.replace(FINE, recent=Counts(100_000, 5_000, 30_000, 10_000))
    assert not any(one.drifts for one in conditions(FINE, FINE, few))
    assert not any(one.drifts for one in conditions(near, many, many))


def test_devices_of_another_rule_are_not_compared():
    odd = dataclasses.replace(FINE, recent=Counts(200, 90, 34, 10), rule="balanced")
    assert not any(one.drifts for one in conditions(FINE, FINE, odd))


def test_a_device_alone_is_compared_with_its_card():
    assert not conditions(FINE)[0].drifts  # 60 of 190
    (found,) = conditions(dataclasses.replace(FINE, recent=Counts(200, 10, 120, 20)))[0].drifts
    assert (found.share, found.by, found.expected) == ("unsure", "card", 0.34)
    (found,) = conditions(dataclasses.replace(FINE, recent=Counts(200, 10, 20, 20)))[0].drifts
    assert (found.by, found.expected) == ("card", 0.28)
    assert not conditions(dataclasses.replace(FINE, recent=Counts(200, 10, 120, 20), expected_unsure=None))[0].drifts


@pytest.mark.parametrize(
    ("table_", "p"),
    # scipy.stats.fisher_exact; tests/desk/fleet compares many more.
    [((3, 10, 30, 100), 1.0), ((8, 10, 30, 100), 0.0029257), ((0, 20, 20, 40), 3.5427e-05), ((0, 5, 0, 9), 1.0)],
)
def test_fisher(table_, p):
    assert drift.fisher(*table_) == pytest.approx(p, rel=0.01)


def test_the_table_has_a_line_for_each_and_says_who_is_needed():
    odd = dataclasses.replace(FINE, temperature=85.0, model="a\x1b[2J")
    lines = table.lines(conditions(FINE, odd, NoFigures("it cannot be reached")), NOW)
    assert lines[0].split()[:3] == ["device", "state", "version"]
    assert lines[1].split()[:3] == ["pi-0:8443", "ok", "0.4.0"]
    assert "1 hours ago" in lines[1] and "300 days" in lines[1] and "20.0 of 32 GB" in lines[1]
    assert lines[2].split()[1] == "look" and "\x1b" not in lines[2]
    assert lines[3] == "pi-2:8443  no answer"
    assert "pi-2:8443: it cannot be reached." in lines
    assert lines[-1] == "3 devices: 2 need a person."
    assert table.lines(conditions(FINE), NOW)[-1] == "1 device: none needs a person."


def test_the_row_names_everything():
    row = conditions(FINE)[0].row(NOW)
    assert row["ratios"] == {"refused": 0.05, "unsure": 0.3, "suspected": 0.1}
    assert row["certificate_days"] == 300 and row["last_reading"] == "2027-01-15T07:00:00Z"
    assert conditions(NoFigures("gone"))[0].row(NOW)["reachable"] is False


def test_what_is_not_of_this_program_is_refused():
    for text in ("<html>", "node_load1 0.5\n"):
        with pytest.raises(NoFigures):
            parse(text)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [("1,10%,100%", [1, 1, 18]), ("100%", [20]), ("50%,10,100%", [10, 10]), ("3,20", [3, 17]), ("1,2,400", [1, 1, 18])],
)
def test_waves(text, sizes):
    names = [f"pi-{number}" for number in range(20)]
    split = waves.split(names, text)
    assert [len(wave) for wave in split] == sizes
    assert [name for wave in split for name in wave] == names


@pytest.mark.parametrize("text", ["", "a", "10%", "1,200%", "-1,100%", "1,,100%"])
def test_waves_that_cannot_be_understood(text):
    with pytest.raises(WrongUsage, match="--waves"):
        waves.split(["a", "b"] * 10, text)


class Clock:
    """A clock that goes on only when somebody sleeps."""

    def __init__(self):
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def watched(*told, seconds=60, before=FINE) -> tuple[dict[str, str], float]:
    """Watch one device that tells these figures one after the other, the last of them for ever."""
    device, clock, left = Device("pi", "pi", 1), Clock(), list(told)
    wrong = watching.watch(
        *([device], {"pi": before}, lambda _, one: one.model == "new", seconds),
        look=lambda _: {"pi": left.pop(0) if len(left) > 1 else left[0]},
        clock=clock,
        sleep=clock.sleep,
    )
    return wrong, clock.now


def test_a_device_is_watched_to_the_end_and_may_restart_meanwhile():
    new = dataclasses.replace(FINE, model="new")
    assert watched(FINE, NoFigures("it restarts"), new) == ({}, 60)
    # It is not there at the end, and then it is.
    assert watched(*[NoFigures("it restarts")] * 8, new)[0] == {}


def test_what_is_wrong_at_the_end_is_told():
    wrong, after = watched(FINE)
    assert "its page still uses lite0-int8" in wrong["pi"] and after >= 60 + watching.RESTART
    assert "does not now: it is gone" in watched(NoFigures("it is gone"))[0]["pi"]
    refuses = dataclasses.replace(FINE, model="new", kept=Counts(820, 58, 240, 80))
    assert "it refused 18 of the 20 films since, 5% before" in watched(refuses)[0]["pi"]


def test_a_new_fault_ends_it_at_once():
    new = dataclasses.replace(FINE, model="new")
    ill = dataclasses.replace(new, faults=("decoder",))
    assert watched(new, ill, seconds=600) == ({"pi": "a fault that it had not before: decoder"}, watching.GLANCE)
    assert watched(ill, before=dataclasses.replace(FINE, faults=("decoder",)))[0] == {}
