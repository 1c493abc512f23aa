"""Three lights, at pins that gpiozero plays."""

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from edge_app.commands.cli import main
from edge_app.errors import MissingPackage, WrongUsage
from edge_app.outputs import status_leds
from edge_app.screening import decision
from tests.support.films import draw_film
from tests.support.golden import GOLDEN


@pytest.fixture
def pins(monkeypatch):
    """Return a function that tells the pins' states: ready, judging, verdict."""
    gpiozero = pytest.importorskip("gpiozero")
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    return lambda number: factory.pin(number)


def state(pins) -> tuple[int, ...]:
    """Return what burns."""
    return tuple(int(pins(number).state) for number in (5, 6, 13))


def changes(pins, number: int) -> list[int]:
    """Return all states that a pin had."""
    return [int(one.state) for one in pins(number).states]


def test_ready_judging_and_a_suspicion(pins):
    one = status_leds.StatusLeds("5,6,13")
    assert state(pins) == (0, 0, 0)
    one.ready()
    assert state(pins) == (1, 0, 0)
    one.judging()
    assert state(pins) == (0, 1, 0)
    one.verdict(decision.COVID)
    one.ready()
    assert state(pins) == (1, 0, 1)
    one.judging()  # the next film: the last verdict is not taken for its own
    assert state(pins) == (0, 1, 0)
    one.close()


def wait_for(pins, wanted: list[int]) -> list[int]:
    """Wait until the third light has had these states."""
    import time

    end = time.monotonic() + 50
    while time.monotonic() < end and changes(pins, 13)[: len(wanted)] != wanted:
        time.sleep(0.01)
    return changes(pins, 13)


@pytest.mark.parametrize("verdict", [decision.UNSURE, decision.PNEUMONIA, decision.REFUSED, None])
def test_where_a_person_must_look_it_blinks(pins, monkeypatch, verdict):
    monkeypatch.setattr(status_leds, "SLOW", 0.02)
    one = status_leds.StatusLeds("5,6,13")
    one.verdict(verdict)
    assert wait_for(pins, [0, 1, 0, 1, 0, 1])[:6] == [0, 1, 0, 1, 0, 1]
    one.close()


def test_no_finding_is_one_flash(pins, monkeypatch):
    monkeypatch.setattr(status_leds, "FLASH", 0.02)
    one = status_leds.StatusLeds("5,6,13")
    one.verdict(decision.NORMAL)
    assert wait_for(pins, [0, 1, 0]) == [0, 1, 0]
    one.close()


def test_every_verdict_shows_something(pins):
    one = status_leds.StatusLeds("5,6,13")
    for verdict in decision.VERDICTS:
        before = len(changes(pins, 13))
        one.verdict(verdict)
        wait_for(pins, [*changes(pins, 13)[:before], 1])
        assert 1 in changes(pins, 13)[before - 1 :]
        one.judging()
        one.ready()
    one.close()


def test_before_a_camera_a_film_that_stays_in_view_is_judging_until_its_verdict(pins):
    one = status_leds.StatusLeds("5,6,13")
    one.look(in_view=False)
    assert state(pins) == (1, 0, 0)
    one.look(in_view=True)
    assert state(pins) == (0, 1, 0)
    one.verdict(decision.COVID)
    one.look(in_view=True)
    assert state(pins) == (1, 0, 1)
    one.look(in_view=False)  # taken away: its verdict can still be seen
    assert state(pins) == (1, 0, 1)
    one.look(in_view=True)  # the next one
    assert state(pins) == (0, 1, 0)
    one.close()


def test_a_run_lights_them_and_gives_the_pins_back(pins, tmp_path, capsys):
    Image.fromarray(draw_film(1, 300, 260)).save(tmp_path / "film.png")
    model = str(GOLDEN / "tiny-int8.tflite")
    words = ["watch", str(tmp_path), "--once", "--json", "--interval", "0.01", "--model", model, "--lights", "5,6,13"]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] in decision.VERDICTS
    assert 1 in changes(pins, 6)
    assert state(pins) == (0, 0, 0)
    status_leds.StatusLeds("5,6,13").close()


@pytest.mark.parametrize("text", ["", "5,6", "5,6,6", "5,,6", "5,6,13,19"])
def test_other_than_three_pins_are_refused(text):
    with pytest.raises(WrongUsage, match="does not name three pins"):
        status_leds.StatusLeds(text)


def test_a_pin_that_is_none_is_named_and_the_others_are_given_back(pins):
    with pytest.raises(WrongUsage, match="pin 'no-pin' cannot be used"):
        status_leds.StatusLeds("5,6,no-pin")
    status_leds.StatusLeds("5,6,13").close()


def test_without_gpiozero_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(MissingPackage, match="python3-gpiozero"):
        status_leds.StatusLeds("5,6,13")


def test_the_pins_of_the_configuration_do_not_meet():
    # docs/pi.md wires the button to 17 and the lights to 5, 6 and 13.
    text = (Path(__file__).parents[3] / "docs" / "pi.md").read_text(encoding="utf-8")
    assert "--lights 5,6,13" in text
    assert "--button 17" in text
