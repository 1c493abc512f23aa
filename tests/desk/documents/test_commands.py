"""Every command that the documents print runs here as it is printed, or is marked there as needing what a test has not.

A command that is marked is at least understood: its target, its program's command and options exist.
"""

import contextlib
import io
import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from edge_app.commands.cli import parser
from edge_app.sources import sample
from tests.support import printed_commands
from tests.support.checkout import ROOT, Checkout
from tests.support.drawn_collections import write_collections
from tests.support.drawn_people import draw_person, save
from tests.support.printed_commands import Printed

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = [command for document in DOCUMENTS for command in printed_commands.read(document, ROOT)]
PASSWORD = "three rays and a lead apron"
# Exit codes other than 0 that are an answer: the doctor's of a machine with a fault, that no camera is there.
ANSWERS = {"covid-xray doctor": (0, 1), "covid-xray cameras": (0, 1)}
# `unzip` says with 1 that something stands before the zip.
ANSWERS |= {"unzip -l": (0, 1), "unzip models/covid-xray-lite0-mobile-int8.tflite": (0, 1)}
MARKS = "tests/support/printed_commands.py"
# Only these run, since a command may do anything to the machine. Whatever else the documents print has to be marked.
RUNNABLE = re.compile(
    r"(\.venv(-edge)?/bin/)?(covid-xray|python) |python3 -m venv |make |unzip |openssl |gunicorn |mkdir |\(cd|\w+=|\$B "
)
# What shows that a command that never ends by itself works, and what keeps it from a port that others use.
FOREVER = {
    r"covid-xray watch \S+$": ("", r"\b(suspected|unsure|refused)\b"),
    r"covid-xray serve(?!.*(-password|-token))": (" --port 0", r"https?://[\w.\[\]:-]+:\d+"),
    r"make serve$": (' SERVE="--port 0"', r"http://127\.0\.0\.1:\d+"),
    r"gunicorn ": (" --bind 127.0.0.1:0", r"Listening at: http://127\.0\.0\.1:\d+"),
}


def _targets(text: str) -> list[str]:
    """Return the targets that a `make` line names."""
    return [word for word in shlex.split(text)[1:] if "=" not in word and not word.startswith("-")]


def _of_ci() -> set[str]:
    """Return the targets that .ci/run makes, and those that they ask for."""
    rules = dict(re.findall(r"^([a-z-]+):([^#\n]*)", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = {
        word
        for line in re.findall(r"^make (.+)$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
        for word in line.split()
    }
    waiting = list(made)
    while waiting:
        for name in rules.get(waiting.pop(), "").split():
            if name in rules and name not in made:
                made.add(name)
                waiting.append(name)
    return made


CI = _of_ci()


def _key(command: Printed) -> tuple[str, str]:
    """Return what a mark holds for in its document: a target whatever its variables, else the very command."""
    words = command.text.split()
    return command.where.partition(":")[0], words[1] if words[0] == "make" else command.text


MARKED = {_key(command) for command in COMMANDS if command.marked}


def understood(text: str) -> None:
    """Fail unless the targets, commands and options of a command line of this project exist."""
    line = re.match(r"(?:sudo )?(?:-u \S+ )?(?:[A-Z_]+=\S+ )*([^|&>]*)", text)[1]
    program, _, rest = line.partition(" ")
    if program == "make":
        known = set(re.findall(r"^([\w.$/()-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert set(_targets(line)) <= known, f"{text}: no such target"
    if program.rpartition("/")[2] == "covid-xray":
        words, said = shlex.split(rest), io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            try:
                parser(words[0]).parse_args(words)
            except SystemExit as end:
                if end.code:
                    pytest.fail(f"{text}: {said.getvalue()}", pytrace=False)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """Return a copy of the checkout with what the documents' placeholders name: films, folders, models."""
    made = Checkout(tmp_path_factory.mktemp("printed") / "covid-xray")
    path = made.path
    for name in ("PATH...", "FOLDER...", "ward"):
        save(draw_person(1), path / name / "film.png")
    (path / "DIR").mkdir()
    for name in ("FILM", "FILM...", "film.dcm", "film.png", "DIR/film.dcm"):
        shutil.copy(sample.path(), path / name)
    models = {"A": "lite0-int8", "B": "lite0-float32", "FILE": "lite0-int8", "FILE.tflite": "short-int8"}
    for name, model in models.items():
        shutil.copy(path / f"models/covid-xray-{model}.tflite", path / name)
    write_collections(path.parent / "shared/data")
    (path / "build").mkdir()
    (path / "FILE.sig").symlink_to("models/covid-xray-lite0-int8.tflite.sig")  # as signed by a line before
    (path / "build/covid-xray-edge-0-aarch64-py3.11.tar.gz").write_bytes(b"a bundle")
    _label(path)
    made.environment["COVID_XRAY_STATE"] = str(path.parent / "state")
    assert (
        made.run(
            "covid-xray classify film.dcm --store; covid-xray classify film.dcm --store DIR/results.sqlite"
        ).returncode
        == 0
    )
    assert made.run(f"echo '{PASSWORD}' | covid-xray serve --set-password").returncode == 0
    return made


def _label(path) -> None:
    """Write films with labels for `site-check`: half of them say COVID-19, half nothing."""
    rows = ["path,label"]
    shutil.copy(ROOT / "tests/golden/tiny-int8.tflite", path / "MODEL")
    for number in range(24):
        covid = number % 2
        save(draw_person(100 + number, opacity=0.9 * covid), path / f"FOLDER/{number}.png")
        rows.append(f"{number}.png,{'covid' if covid else 'normal'}")
    (path / "labels.csv").write_text("\n".join([*rows, ""]))


def run(checkout: Checkout, command: Printed, variables: str) -> None:
    """Run one command as it is printed, behind the assignments of its block, and fail if it fails."""
    if not RUNNABLE.match(command.text):
        pytest.fail(f"{command.where}: {command.text}: neither runs here nor is marked; see {MARKS}", pytrace=False)
    program = command.text.replace(".venv-edge/bin/covid-xray", "covid-xray")
    for pattern, (more, sign) in FOREVER.items():
        if re.match(pattern, program):
            checkout.serve(f"{command.text}{more}", sign)
            return
    ran = checkout.run(f"set -o pipefail; {variables} {command.text}")
    allowed = ANSWERS.get(" ".join(program.split()[:2]), (0,))
    if ran.returncode not in allowed:
        pytest.fail(f"{command.where}: {command.text}\nexit code {ran.returncode}: {ran.stdout[-2000:]}", pytrace=False)


def _variables(command: Printed) -> str:
    """Return the assignments that its document printed before it, such as `H="Authorization: Bearer $TOKEN"`."""
    page = command.where.partition(":")[0]
    before = COMMANDS[: COMMANDS.index(command)]
    return " ".join(
        f"{one.text};" for one in before if one.where.startswith(f"{page}:") and re.match(r"\w+=", one.text)
    )


def _once() -> list[Printed]:
    """Return every command that is neither marked nor made by CI, each text once a document."""
    seen, found = set(), []
    for command in COMMANDS:
        by_ci = command.text.startswith("make ") and set(_targets(command.text)) <= CI
        if _key(command) in MARKED or command.text.startswith("sudo ") or by_ci or "pi.local" in command.text:
            continue
        if command.text not in seen:
            seen.add(command.text)
            found.append(command)
    return found


@pytest.mark.parametrize("command", _once(), ids=lambda command: f"{command.where} {command.text[:40]}")
def test_a_printed_command_works_as_printed(checkout, command):
    run(checkout, command, _variables(command))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.where} {command.text[:40]}")
def test_a_printed_command_is_understood(command):
    understood(command.text)


def test_what_is_printed_for_programs_of_others_works(checkout):
    """The lines with `curl` talk with the real page, by the name and with the token that the document tells of."""
    lines = [command for command in COMMANDS if command.text.startswith("curl ")]
    assert len(lines) >= 4
    state = checkout.path.parent / "state-of-pi.local"
    assert checkout.run(f"echo '{PASSWORD}' | covid-xray serve --state {state} --set-password").returncode == 0
    token = checkout.run(f"covid-xray serve --state {state} --new-token ward-3").stdout.split()[-1]

    def ask(listening) -> None:
        connect = f'connect-to = "pi.local:8000:127.0.0.1:{listening[1]}"'
        settings = (connect, f'cacert = "{state / "page.crt"}"', "fail-with-body", "silent", "show-error")
        Path(checkout.environment["HOME"], ".curlrc").write_text("\n".join(settings))
        kept = ""
        for command in lines:
            text = command.text.replace("/results/ID", f"/results/{kept}")
            ran = checkout.run(f"TOKEN={token}; {_variables(command)} {text}")
            assert ran.returncode == 0, f"{command.where}: {text}: {ran.stdout}"
            kept = kept or json.loads(ran.stdout)["id"]

    serve = f"covid-xray serve --state {state} --host 0.0.0.0 --tls --name pi.local --port 0"
    checkout.serve(serve, r"https://[^/]*:(\d+)", ask)


def test_the_readme_shows_what_make_run_answers(checkout):
    """All but the milliseconds, and the folder in which the sample lies."""
    text = (ROOT / "README.md").read_text()
    printed = text.partition("```\n$ make run\n")[2].partition("```")[0].rstrip()
    answered = checkout.run("make run").stdout.rstrip()

    def same(lines: str) -> str:
        lines = re.sub(r" \d+$", " MS", re.sub(r" +", " ", lines), flags=re.MULTILINE)
        return re.sub(r"^\S+/(?=RG1_UNCR)", "", lines, flags=re.MULTILINE)

    assert same(answered) == same(printed)


def test_planted_commands_are_found_marked_and_judged(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "Say `make train` (needs hours), `make nonsense`, `doctor` or `covid-xray`.\n"
        "```sh\nmake run   # films\nB=1; C=2\n# needs a Pi\nreboot\n```\n"
        "```\n$ covid-xray clasify a \\\n    b   # typed\nanswer\n```\n```python\nmake()\n```\n"
    )
    found = printed_commands.read(page, tmp_path)
    assert [(one.where, one.text, one.marked) for one in found] == [
        ("page.md:1", "make train", True),
        ("page.md:1", "make nonsense", False),
        ("page.md:3", "make run", False),
        ("page.md:4", "B=1; C=2", False),
        ("page.md:6", "reboot", True),
        ("page.md:9", "covid-xray clasify a b", False),
    ]
    for wrong in ("make nonsense", "covid-xray clasify a", "sudo covid-xray classify --no-such-option a"):
        with pytest.raises((AssertionError, pytest.fail.Exception), match=r"no such target|usage"):
            understood(wrong)
    page.write_text("`make run`, `sudo reboot`, `systemctl poweroff`\n\nAll other commands on this page need a Pi.\n")
    assert [one.marked for one in printed_commands.read(page, tmp_path)] == [False, True, True]
    assert not RUNNABLE.match("systemctl poweroff")
