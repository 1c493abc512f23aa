"""What became of the mutants: a table, the survivors that nobody has explained, and explanations that do not hold."""

import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.system.mutants.parts import PARTS, ROOT, modules

EXPLAINED = Path(__file__).with_name("explained.toml")
KILLED, SURVIVED, TIMED_OUT, NOT_RUN = "killed", "survived", "timed out", "not run"
EXPLAINED_OUTCOME = "explained"
COLUMNS = ("mutants", "tried", KILLED, TIMED_OUT, SURVIVED, EXPLAINED_OUTCOME, NOT_RUN)


def explanations(path: Path = EXPLAINED) -> list[dict]:
    """Return the survivors that are explained, each by `before` and `why`; `module` and `after` are any if missing."""
    return tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]


def matches(entry: Mapping[str, str], mutant: Mapping) -> bool:
    """Return whether an entry of `explanations` explains a mutant."""
    return all(entry[name] == mutant[name] for name in ("module", "before", "after") if name in entry)


def stale(entries: Iterable[Mapping[str, str]], root: Path = ROOT) -> list[str]:
    """Return a sentence for each explanation of a line that is not in its file."""
    found = []
    for entry in entries:
        named = [entry["module"]] if "module" in entry else [name for part in PARTS for name in modules(part)]
        texts = [path.read_text(encoding="utf-8") for name in named if (path := root / name).is_file()]
        if not any(entry["before"] in map(str.strip, text.splitlines()) for text in texts):
            found.append(f"{entry.get('module', 'no file')}: has no line {entry['before']!r}; remove its explanation")
    return found


def disproved(entries: Iterable[Mapping[str, str]], tried: Sequence[Mapping]) -> list[str]:
    """Return a sentence for each explanation of mutants of which every one was killed."""
    found = []
    for entry in entries:
        outcomes = {one["outcome"] for one in tried if matches(entry, one)}
        if outcomes and SURVIVED not in outcomes:
            found.append(f"{entry['before']!r}: is killed by a test; remove its explanation")
    return found


def unexplained(entries: Sequence[Mapping[str, str]], tried: Iterable[Mapping]) -> list[Mapping]:
    """Return the mutants that survived, and that no entry explains."""
    return [one for one in tried if one["outcome"] == SURVIVED and not any(matches(entry, one) for entry in entries)]


def counted(
    entries: Sequence[Mapping[str, str]], made: Mapping[str, int], tried: Iterable[Mapping]
) -> dict[str, Counter]:
    """Return the counts of `COLUMNS` by file: `made` is how many mutants each has."""
    counts = {module: Counter(mutants=count) for module, count in made.items()}
    for one in tried:
        outcome = one["outcome"]
        if outcome == SURVIVED and any(matches(entry, one) for entry in entries):
            outcome = EXPLAINED_OUTCOME
        counts[one["module"]].update(("tried", outcome))
    return counts


def table(counts: Mapping[str, Counter]) -> str:
    """Return a table in Markdown: a row a part, those of its files below it, and a sum."""
    lines = [f"| | {' | '.join(COLUMNS)} |", f"| --- |{' ---: |' * len(COLUMNS)}"]
    for part in PARTS:
        there = [module for module in modules(part) if module in counts]
        if there:
            lines.append(_row(f"**{part}**", sum((counts[module] for module in there), Counter())))
            lines += [_row(f"`{module}`", counts[module]) for module in there]
    return "\n".join([*lines, _row("all", sum(counts.values(), Counter()))])


def _row(name: str, count: Counter) -> str:
    return f"| {name} | {' | '.join(str(count[column]) for column in COLUMNS)} |"
