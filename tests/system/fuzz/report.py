"""What a campaign found, for a person to read: a table of ends by kind, the costliest inputs, what should not be."""

from collections import Counter
from pathlib import Path

from tests.system.fuzz.ways import READ, REFUSED, SENTENCE, VERDICT, Row

ENDS = (VERDICT, REFUSED, SENTENCE, READ)
# Lines of the lists of what was costliest, and of sentences and faults.
COSTLIEST, COMMONEST, MOST_FAULTS = 8, 15, 60


def write(rows: list[Row], out: Path) -> None:
    """Write OUT/report.md and print it."""
    text = "\n".join([f"# {len(rows):,} bad pictures", "", *_ends(rows), *_costs(rows), *_words(rows), *_faults(rows)])
    (out / "report.md").write_text(text + "\n")
    print(text)


def _ends(rows: list[Row]) -> list[str]:
    lines = ["| inputs | number | " + " | ".join(ENDS) + " | its decoder died | should not be |", "|" + " --- |" * 8]
    kinds = list(dict.fromkeys(row.kind for row in rows))
    for name, some in [*((kind, [row for row in rows if row.kind == kind]) for kind in kinds), ("all", rows)]:
        counts = Counter(row.end for row in some)
        numbers = [len(some), *(counts[end] for end in ENDS)]
        numbers += [sum(row.died for row in some), sum(bool(row.faults) for row in some)]
        lines.append(f"| {name} | " + " | ".join(f"{number:,}" for number in numbers) + " |")
    return [*lines, ""]


def _costs(rows: list[Row]) -> list[str]:
    lines = []
    for title, unit, cost in (
        ("longest in a decoder", "s of processor", lambda row: row.cpu_ms / 1000),
        ("longest in a decoder, by the clock", "s", lambda row: row.ms / 1000),
        ("most memory of a decoder", "MB", lambda row: row.mb),
    ):
        lines += [f"## The {title}", ""]
        for row in sorted(rows, key=cost, reverse=True)[:COSTLIEST]:
            lines.append(
                f"- {cost(row):.1f} {unit}: {row.number} {row.kind}, {row.name} ({row.format}): {row.words[:90]}"
            )
        lines.append("")
    return lines


def _words(rows: list[Row]) -> list[str]:
    lines = ["## What was said", ""]
    for end in (VERDICT, REFUSED, SENTENCE):
        said = Counter(row.words.partition(" (")[0].partition(";")[0][:60] for row in rows if row.end == end)
        lines.append(f"- {end}: " + "; ".join(f"{words} {count:,}" for words, count in said.most_common(COMMONEST)))
    dead = [row for row in rows if row.died]
    return [
        *lines,
        "",
        *(f"- died: {row.number} {row.kind}, {row.name}: {row.words}" for row in dead[:MOST_FAULTS]),
        "",
    ]


def _faults(rows: list[Row]) -> list[str]:
    found = [row for row in rows if row.faults]
    lines = [f"- {row.number} {row.kind}, {row.name}: {'; '.join(row.faults)}" for row in found[:MOST_FAULTS]]
    return [f"## What should not be: {len(found)}", "", *lines]
