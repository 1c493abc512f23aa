"""How a run at a live camera ends: with its exit code, soon, and never by an abort.

`python -m tests.system.camera_stops` does the same a hundred times.
"""

import subprocess
import sys

import pytest

from tests.support import stream_stops
from tests.support.camera_pictures import until
from tests.support.camera_server import Server
from tests.support.program import ROOT

# Seconds that a busy machine may take; the program waits 2 for a thread that hangs in a driver.
SOON = 100


@pytest.mark.parametrize("state", stream_stops.STATES)
@pytest.mark.parametrize("number", stream_stops.SIGNALS)
def test_a_signal_ends_the_run_whatever_the_camera_does(camera_model, state, number):
    stop = stream_stops.by_signal(state, number, camera_model)
    assert stop.code == stream_stops.SIGNALS[number], stop.said
    assert "Traceback" not in stop.said and "FATAL" not in stop.said and stop.seconds < SOON


def test_the_run_ends_after_its_number_of_films(camera_model):
    stop = stream_stops.by_count(camera_model)
    assert stop.code == 0, stop.said


def test_a_server_that_goes_away_ends_a_run_that_gives_up_with_code_1(camera_model):
    server = Server()
    with stream_stops.started(server.address, camera_model, "--give-up", "1") as program:
        next(line for line in program.stderr if "no film in view" in line)
        server.close()
        _, said = program.communicate(timeout=60)
    assert program.returncode == 1
    assert f"{server.address}: no picture for" in said.splitlines()[-1]


def test_the_page_with_a_camera_that_stalls_ends_too(camera_model, tmp_path):
    server = Server()
    words = ["--camera", server.address, "--model", str(camera_model), "--port", "0", "--state", str(tmp_path)]
    line = [sys.executable, "-m", "edge_app", "serve", *words]
    try:
        with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as program:
            next(line for line in program.stdout if "Listening" in line)
            assert until(lambda: server.number > 3)
            server.go.clear()
            program.terminate()
            _, said = program.communicate(timeout=60)
    finally:
        server.close()
    assert program.returncode in (0, 143) and "FATAL" not in said and "Traceback" not in said, said


# Its end takes longer than the read, which then comes back into a Python that has ended.
HANGS = """
import sys, threading, time
from edge_app import process_end
from edge_app.camera.capture import feed

class Slow:
    def __del__(self):
        time.sleep(4)

sys.modules["slow"] = Slow()
stream = feed.Stream(sys.argv[1], patience=2)
stream.open()
stream.read()

def main():
    def read():
        try:
            while True:
                stream.read()
        except Exception:
            pass
    threading.Thread(target=read, daemon=True).start()
    time.sleep(0.5)
    print("at the end", flush=False)
    if sys.argv[2] == "fault":
        raise ValueError("a fault")
    return int(sys.argv[2])

process_end.end_with(main)
"""


@pytest.mark.parametrize(("how", "code"), [("0", 0), ("7", 7), ("fault", 1)])
def test_a_thread_that_hangs_in_a_read_does_not_change_the_end(how, code):
    server = Server()
    server.pace = 60  # one picture, then silence
    try:
        line = [sys.executable, "-c", HANGS, server.address, how]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, cwd=ROOT)
    finally:
        server.close()
    assert (done.returncode, done.stdout) == (code, "at the end\n"), done.stderr
    assert ("ValueError: a fault" in done.stderr) == (how == "fault")
