"""The commands that the project's documents print, each with its place and with the mark that says what it needs."""

import re
from dataclasses import dataclass
from pathlib import Path

# Languages of fenced blocks that hold commands; "" is a block that names none.
SHELL = ("", "sh", "console")
# What begins an inline `command`. The name of a program alone is not a command.
PROGRAMS = (
    *("make", "covid-xray", "python", "python3", ".venv/bin/python", ".venv-edge/bin/python"),
    *(".venv-edge/bin/covid-xray", ".venv/bin/pybabel", "sudo", "pip", "apt", "apt-get", "gunicorn", "podman"),
    *("openssl", "unzip", "curl", "ssh", "systemctl", "journalctl", "systemd-analyze", "ls", "chmod", "git", "$B"),
)
# The mark: `# needs a camera` behind a command or at the head of its block; `make train` (needs hours) or
# `make train`, needs hours in a sentence. A `sudo` in front says by itself that root is needed.
MARK = re.compile(r"needs (?:a |the )?(?:Pi|root|camera|network|phone|GPU|hours|minutes|collections)\b")
# The mark of a whole page; commands that begin with `make` are not meant by it.
PAGE_MARK = re.compile(r"\bAll other commands on this page need (?:a |the )?(?:Pi|root|camera)\b")


@dataclass(frozen=True)
class Printed:
    """A command that a document prints.

    Attributes:
        where: `path:line` in the repository.
        text: the command, without prompt and comment; a here-document is part of it.
        marked: whether the document says that it needs what a test does not have.
    """

    where: str
    text: str
    marked: bool = False


def read(document: Path, root: Path) -> list[Printed]:
    """Return all commands of a Markdown file, in their order."""
    text = document.read_text(encoding="utf-8")
    lines = text.split("\n")
    found, number = [], 0
    while number < len(lines):
        name = f"{document.relative_to(root)}:"
        if lines[number].startswith("```"):
            end = lines.index("```", number + 1)
            if lines[number][3:].strip() in SHELL:
                found += [
                    Printed(f"{name}{number + 2 + at}", command, marked)
                    for at, command, marked in _block(lines[number + 1 : end])
                ]
            number = end
        else:
            found += [Printed(f"{name}{number + 1}", command, marked) for command, marked in _inline(lines[number])]
        number += 1
    if PAGE_MARK.search(text):
        found = [one if one.marked or _at_the_desk(one.text) else Printed(one.where, one.text, True) for one in found]
    return found


def _inline(line: str) -> list[tuple[str, bool]]:
    """Return (command, whether a bracket behind it marks it) of every inline one in a line."""
    found = []
    for match in re.finditer(r"(?<!`)`([^`]+)`(?:(?: \(|, )(needs [^)|]*))?", line):
        words = match[1].split()
        if words[0] in PROGRAMS and len(words) > 1:
            found.append((match[1], words[0] == "sudo" or bool(match[2] and MARK.search(match[2]))))
    return found


def _at_the_desk(command: str) -> bool:
    return command.startswith("make ")


def _block(lines: list[str]) -> list[tuple[int, str, bool]]:
    """Return (line, command, whether it is marked) of a fenced block; with prompts, all other lines are answers."""
    prompts = any(line.startswith("$ ") for line in lines)
    found, head, number = [], False, 0
    while number < len(lines):
        line, at = lines[number], number
        number += 1
        if not line.strip() or (prompts and not line.startswith("$ ")):
            continue
        line = line.removeprefix("$ ")
        while line.endswith("\\"):
            line, number = line[:-1] + lines[number].strip(), number + 1
        command, _, comment = f" {line}".partition(" #")
        command = command.strip()
        if not command:
            head = head or bool(MARK.search(comment))
            continue
        if document := re.search(r"<<'?(\w+)'?", command):
            last = lines.index(document[1], number)
            command, number = "\n".join([command, *lines[number : last + 1]]), last + 1
        found.append((at, command, head or command.startswith("sudo ") or bool(MARK.search(comment))))
    return found
