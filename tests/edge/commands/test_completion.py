"""`completion`, by the shells themselves, where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_app.commands import COMMANDS
from edge_app.model import card
from edge_app.screening import decision

ROOT = Path(__file__).parents[3]


def script(shell: str) -> str:
    """Return what `completion` prints."""
    line = [sys.executable, "-m", "edge_app", "completion", shell]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    assert done.stderr == ""
    return done.stdout


def by(shell: str, text: str, *words, cwd=ROOT) -> str:
    """Let a shell run a text; return what it prints, and fail if it complains."""
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run(
        [shell, *words, "-c", text], cwd=cwd, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.stderr == ""
    return done.stdout


@pytest.fixture(scope="module")
def bash():
    """Return a function that completes words in bash, the last one being typed."""
    text = script("bash")

    def complete(*words: str) -> list[str]:
        typed = " ".join(f"'{word}'" for word in words)
        before = ("covid-xray", *words)[-2]
        # compopt works only while bash itself completes; what it would do then is to offer files.
        ask = (
            f"compopt() {{ echo FILES; }}\nCOMP_WORDS=(covid-xray {typed})\nCOMP_CWORD={len(words)}\n"
            f"_covid_xray covid-xray '{words[-1]}' '{before}'\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
        )
        return by("bash", f"{text}\n{ask}").splitlines()

    return complete


def test_commands_in_bash(bash):
    assert bash("") == [*COMMANDS, "-h", "--help", "--version"]
    assert bash("cl") == ["classify"]
    assert bash("--v") == ["--version"]


def test_flags_in_bash(bash):
    flags = bash("classify", "--")
    assert {"--model", "--csv", "--store", "--overlays", "--prevalence"} <= set(flags)
    assert bash("classify", "film.png", "--operating") == ["--operating-point"]
    assert "--once" in bash("watch", "--")
    assert "--once" not in flags


def test_values_in_bash(bash):
    assert bash("classify", "--operating-point", "") == list(card.RULES)
    assert bash("classify", "--operating-point", "b") == ["balanced"]
    assert bash("completion", "") == ["bash", "zsh", "fish"]
    assert bash("results", "--verdict", "covid") == [decision.COVID.replace(" ", "\\ ")]


def test_files_in_bash(bash):
    assert bash("classify", "fil")[0] == "FILES"
    assert bash("classify", "")[0] == "FILES"
    assert bash("classify", "--csv", "o")[0] == "FILES"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_program_runs_from_any_folder(shell, tmp_path):
    before = "autoload -U compinit; compinit -D; " if shell == "zsh" else ""
    (tmp_path / "completion").write_text(script(shell))
    told = by(shell, f"{before}source {tmp_path / 'completion'}; covid-xray --version", cwd=tmp_path)
    assert told.startswith("covid-xray-edge ")


def test_fish_completes():
    text = script("fish")
    asked = f"{text}\ncomplete -C 'covid-xray '\ncomplete -C 'covid-xray classify --op'\n"
    told = by("fish", asked + "complete -C 'covid-xray classify --operating-point b'").splitlines()
    words = [line.split("\t")[0] for line in told]
    assert words[-2:] == ["--operating-point", "balanced"]
    assert set(COMMANDS) <= set(words)


def test_another_shell_is_refused():
    line = [sys.executable, "-m", "edge_app", "completion", "csh"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 2
    assert "invalid choice: 'csh'" in done.stderr
