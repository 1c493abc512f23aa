"""Draws the screens that screens.py recorded, for docs/pi.md.

`python -m tests.system.booted.pictures build/booted/out/screens docs/pi`
"""

import html
import itertools
import re
import sys
from pathlib import Path

# Pixels: height of a line, width of a letter of 13 pixels in any monospaced font, margin.
LINE, LETTER, EDGE = 18, 7.8, 14
# The terminal's colours that the commands use, by ANSI code.
COLOURS = {
    "31": "#ff7b72",
    "32": "#7ee787",
    "33": "#e3b341",
    "35": "#d2a8ff",
    "36": "#79c0ff",
    "1": "#ffffff",
    "2": "#8b949e",
}
PLAIN = "#d0d7de"


def draw(text: str, wide: int = 118) -> str:
    """Return an SVG of a terminal that shows a text with its colours."""
    lines = []
    for line in map(letters, text.rstrip().splitlines()):  # broken as a terminal does
        lines += [line[at : at + wide] for at in range(0, max(1, len(line)), wide)]
    height, width = 2 * EDGE + LINE * len(lines), 2 * EDGE + LETTER * wide
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" '
        f'font-family="ui-monospace,DejaVu Sans Mono,Menlo,Consolas,monospace" font-size="13">',
        '<rect width="100%" height="100%" rx="8" fill="#161b22"/>',
    ]
    for number, line in enumerate(lines):
        parts.append(f'<text x="{EDGE}" y="{EDGE + 13 + LINE * number}">{spans(line)}</text>')
    return "\n".join([*parts, "</svg>\n"])


def letters(line: str) -> list[tuple[str, str]]:
    """Return a line's letters, each with its colour."""
    found, colour = [], PLAIN
    for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
        if piece.startswith("\x1b"):
            codes = [code for code in piece[2:-1].split(";") if code in COLOURS]
            colour = COLOURS[max(codes, key=len)] if codes else PLAIN  # of bold red the red
        else:
            found += [(letter, colour) for letter in piece]
    return found


def spans(line: list[tuple[str, str]]) -> str:
    """Return a line's letters as SVG text, with no-break spaces: SVG would merge plain ones."""
    parts = []
    for colour, group in itertools.groupby(line, key=lambda one: one[1]):
        text = "".join(letter for letter, _ in group).replace(" ", "\u00a0")
        parts.append(f'<tspan fill="{colour}">{html.escape(text)}</tspan>')
    return "".join(parts)


def main(source: Path, target: Path) -> None:
    """Draw every screen."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.txt")):
        text = re.sub(r"\x1b\](.*?)(\x07|\x1b\\)|\x1b\[\??[0-9;]*[A-Zhlsu]", "", path.read_text())
        (target / f"{path.stem}.svg").write_text(draw(text))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
