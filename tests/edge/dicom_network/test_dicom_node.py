"""The node, called by DCMTK as a modality calls it."""

import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support import dicom_node
from tests.support.dicom_node import NAME, TITLE, film
from tests.support.program import one_line, run

pytestmark = pytest.mark.skipif(shutil.which("storescu") is None, reason="needs DCMTK: apt-get install dcmtk")
AT_MOST = 100


def call(program: str, port: int, *words, title: str = TITLE) -> tuple[int, str]:
    """Run a program of DCMTK against the node; return its exit code and what it said."""
    line = [program, "-v", "-aet", "XRAYROOM1", "-aec", title, *map(str, words[:-1]), "127.0.0.1", str(port)]
    line += [str(word) for word in words[-1]] if words else []
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=AT_MOST)
    return done.returncode, done.stdout + done.stderr


def send(port: int, *films: Path) -> tuple[int, str]:
    """Send films."""
    return call("storescu", port, films)


def rows(store: Path) -> list[tuple]:
    """Return (verdict, error, path) of the results in a store."""
    with sqlite3.connect(store) as base:
        found = base.execute("SELECT verdict, error, path FROM films ORDER BY id").fetchall()
    base.close()
    return found


def judged(store: Path, count: int) -> list[tuple]:
    """Wait until a store holds results; return them as `rows`."""
    dicom_node.until(lambda: store.exists() and len(rows(store)) >= count)
    return rows(store)


@pytest.fixture
def place(tmp_path):
    """Return the folder of a node's state, and its store."""
    return tmp_path / "state", tmp_path / "results.sqlite"


def test_films_are_judged_once_and_leave_nothing_of_the_patient(place, tmp_path):
    state, store = place
    films = [film(tmp_path / f"{number}.dcm", number) for number in range(3)]
    with dicom_node.running(state, "--store", store) as node:
        assert call("echoscu", node.port)[0] == 0
        assert send(node.port, *films)[0] == 0
        assert len(judged(store, 3)) == 3
        code, said = send(node.port, *films)  # again: answered, and not judged again
        assert code == 0 and said.count("(Success)") == 3
        assert call("dcmsend", node.port, films)[0] == 0
        assert node.kill(signal.SIGTERM) == 143
        assert len(node.err) == 1
    found = rows(store)
    assert [(verdict, error, path) for verdict, error, path in found] == [("no finding suspected", None, "")] * 3
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path not in films]
    assert [path.name for path in left if path.suffix == ".dcm"] == []
    assert not any(NAME.encode() in path.read_bytes() for path in left)


def test_a_lateral_film_is_named_and_other_content_under_the_same_uid_refused(place, tmp_path):
    state, store = place
    lateral = film(tmp_path / "lateral.dcm", 1, ViewPosition="LL")
    with dicom_node.running(state, "--store", store) as node:
        assert send(node.port, lateral)[0] == 0
        ((verdict, error, _),) = judged(store, 1)
        assert verdict is None
        assert error.startswith("a film: View Position is 'LL'; only frontal films")
        code, said = send(node.port, film(tmp_path / "other.dcm", 1, ViewPosition="PA"))
        assert code != 0
        assert "(Error: CannotUnderstand)" in said
    assert any("0xC111 (This SOP Instance UID came before with other content)" in line for line in node.err)
    assert len(rows(store)) == 1


def test_who_is_not_named_is_rejected_with_the_reason(place, tmp_path):
    state, store = place
    allow = ("--allow", "XRAYROOM1@127.0.0.1", "--allow", "XRAYROOM2@192.0.2.1")
    with dicom_node.running(state, "--store", store, *allow) as node:
        assert call("echoscu", node.port)[0] == 0
        code, said = call("echoscu", node.port, title="OTHER")
        assert code == 1 and "Called AE Title Not Recognized" in said
        for title in ("XRAYROOM2", "XRAYROOM3"):  # of another address; of none
            line = ["echoscu", "-v", "-aet", title, "-aec", TITLE, "127.0.0.1", str(node.port)]
            done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=AT_MOST)
            assert done.returncode == 1
            assert "Calling AE Title Not Recognized" in done.stderr + done.stdout
    assert sum("rejected, since --allow does not name it" in line for line in node.err) == 2
    assert "XRAYROOM1@127.0.0.1: rejected, since it called another AE title, 'OTHER'; correct it there.\n" in node.err


def test_too_large_films_and_full_queues_are_answered_with_out_of_resources(place, tmp_path):
    state, store = place
    big = film(tmp_path / "big.dcm", 1, (1200, 1000))  # 2.4 MB
    with dicom_node.running(state, "--store", store, "--most-mb", "1") as node:
        code, said = send(node.port, big)
        assert code != 0 and "(Refused: OutOfResources)" in said
        assert send(node.port, film(tmp_path / "small.dcm", 2))[0] == 0
        judged(store, 1)
        assert list((state / "arriving").iterdir()) == []
    assert sum("a film was answered with 0xA700 (Too large, or no room now" in line for line in node.err) == 1
    with dicom_node.running(state, "--store", store, "--least-free-mb", "1000000") as node:
        code, said = send(node.port, film(tmp_path / "third.dcm", 3))
        assert code != 0 and "(Refused: OutOfResources)" in said
    assert len(rows(store)) == 1


def test_a_node_that_is_killed_judges_what_it_acknowledged(place, tmp_path):
    state, store = place
    films = [film(tmp_path / f"{number}.dcm", number) for number in range(8)]
    port = dicom_node.free_port()
    with dicom_node.running(state, "--store", store, port=port) as node:
        assert send(node.port, *films)[0] == 0
        node.kill()
    with dicom_node.running(state, "--store", store, port=port) as node:
        assert len(judged(store, 8)) == 8
        assert send(node.port, *films)[0] == 0
        dicom_node.until(lambda: list((state / "received").iterdir()) == [])
    assert len(rows(store)) == 8


def test_kept_films_stay(place, tmp_path):
    state, store = place
    with dicom_node.running(state, "--store", store, "--keep") as node:
        assert send(node.port, film(tmp_path / "film.dcm"))[0] == 0
        ((_, _, path),) = judged(store, 1)
    assert Path(path).parent == state / "received"
    assert NAME.encode() in Path(path).read_bytes()


def test_the_link_is_tested_step_by_step(place, pacs):
    state, _ = place
    with dicom_node.running(state) as node:
        done = run("--test", f"{TITLE}@127.0.0.1:{node.port}", command="dicom-node")
        assert [line[:4] for line in done.stdout.splitlines()[:3]] == ["ok  "] * 3
        done = run("--test", f"WRONG@127.0.0.1:{node.port}", command="dicom-node", code=1)
        assert "FAIL association: rejected: it has another AE title" in done.stdout
    done = run("--test", f"PACS@127.0.0.1:{pacs.port}", command="dicom-node")
    assert "Secondary Capture: taken" in done.stdout
    done = run("--test", f"PACS@127.0.0.1:{dicom_node.free_port()}", command="dicom-node", code=1)
    assert done.stdout.startswith("FAIL address: 127.0.0.1:")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "0.0.0.0"), "name them with --allow"),
        (("--allow", "nobody"), "is not AE@ADDRESS"),
        (("--ae-title", "x" * 17), "is not an AE title"),
        (("--send-to", "PACS"), "names no DICOM node"),
        (("--tls-cert", "a.pem"), "needs a certificate and its key"),
        (("--tls-cert", "none.pem", "--tls-key", "none.pem"), "cannot be used"),
        (("--send-tls",), "name them with --tls-cert"),
    ],
)
def test_wrong_usage_is_one_sentence(words, said, tmp_path):
    assert said in one_line(run(*words, "--state", tmp_path / "state", command="dicom-node", code=2))


def test_an_address_of_another_device_is_one_sentence(tmp_path):
    words = ("--host", "192.0.2.7", "--allow", "*@10.0.0.0/8", "--state", tmp_path / "state")
    done = run(*words, command="dicom-node", code=2)
    assert done.stderr.count("\n") == 1
    assert "192.0.2.7:11112: cannot be listened on" in done.stderr
