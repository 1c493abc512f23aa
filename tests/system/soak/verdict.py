"""The rules by which a soak is judged, from what it wrote down.

Growth is Theil and Sen's slope, which a few outliers do not move, of the medians of some minutes over the last three
quarters of the run: what is loaded and cached once is there by then. Its 95 % interval must include 0, or what grew
must be less than what a rule allows.
"""

import csv
import json
import math
from pathlib import Path
from statistics import median
from typing import NamedTuple

SERVICES, WAYS = ("page", "watch", "camera", "dicom"), ("page", "folder", "camera", "dicom")
# Points of a slope: medians of this many parts of the last three quarters, so that a moment's load counts little.
PARTS = 36
# What memory may grow by in the last three quarters, as a share: pages of the kernel's and the allocator's come and go.
MOST_GROWTH = 0.05
# Descriptors and threads by which a service may differ: a connection or two that is open at the moment.
MOST_HANDLES = 2
# The 95th percentile of the last quarter, in times of the second's: other work on the machine must not decide.
TIMES_THE_TIME = 1.5
# Answers of a way below which a percentile says nothing.
FEWEST = 40


class Rule(NamedTuple):
    """One rule: what was asked, what was found, and whether it holds."""

    asked: str
    found: str
    holds: bool


class Found(NamedTuple):
    """What a run wrote down.

    Attributes:
        samples: columns of numbers by name, `second` among them.
        answers: (second, way, seconds, outcome).
        golden: (second, way, answer).
        account: of `run.Soak`; empty if the run was killed before its end.
    """

    samples: dict[str, list[float]]
    answers: list[tuple[float, str, float, str]]
    golden: list[tuple[float, str, str]]
    account: dict

    @property
    def end(self) -> float:
        """Seconds that the run lasted."""
        return self.samples["second"][-1]


def read(folder: Path) -> Found:
    """Read what a run wrote down; a last line that was cut off is left out."""
    rows = _rows(folder / "samples.csv")
    account = folder / "account.json"
    return Found(
        {name: [float(row[at]) for row in rows[1:]] for at, name in enumerate(rows[0])},
        [
            (float(second), way, float(took), outcome)
            for second, way, took, outcome in _rows(folder / "answers.csv")[1:]
        ],
        [(float(second), way, answer) for second, way, answer in _rows(folder / "golden.csv")[1:]],
        json.loads(account.read_text()) if account.exists() else {},
    )


def _rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    return [row for row in rows if len(row) == len(rows[0])]


def growth(found: Found, values: list[float]) -> tuple[float, float, float, float]:
    """Return by how much a column grew in the last three quarters: at best guess, at least, at most; and its median."""
    rows = [(x, y) for x, y in zip(found.samples["second"], values, strict=True) if x >= found.end / 4]
    size = max(1, len(rows) / PARTS)
    parts = [rows[round(one * size) : round((one + 1) * size)] for one in range(math.ceil(len(rows) / size))]
    points = [(median(x for x, _ in part), median(y for _, y in part)) for part in parts if part]
    xs, ys = zip(*points, strict=True)
    from scipy import stats

    slope = stats.theilslopes(ys, xs) if len(points) > 2 else (0, 0, 0, 0)
    span = xs[-1] - xs[0]
    return slope[0] * span, slope[2] * span, slope[3] * span, median(ys)


def percentile(found: Found, way: str, share: float, since: float, until: float) -> tuple[float, int]:
    """Return a percentile of the seconds that films of a way took, and how many there were; failed ones wait longer."""
    took = sorted(
        t for second, w, t, outcome in found.answers if w == way and since <= second < until and outcome == "judged"
    )
    return (took[min(len(took) - 1, int(share * len(took)))] if took else math.nan), len(took)


def rules(found: Found) -> list[Rule]:
    """Judge a run."""
    return [
        *_memory(found),
        *_handles(found),
        *_times(found),
        *_golden(found),
        *_limits(found),
        *_account(found.account),
    ]


def _memory(found: Found) -> list[Rule]:
    columns = {f"memory of {name} (PSS, MB)": found.samples[f"{name}_pss_mb"] for name in SERVICES}
    if "group_anonymous" in found.samples:
        columns["memory of the group (MB)"] = [one / 1e6 for one in found.samples["group_anonymous"]]
    made = []
    for name, values in columns.items():
        guess, least, most, middle = growth(found, values)
        words = f"{middle:.1f}; grew by {guess:+.2f} ({least:+.2f} to {most:+.2f})"
        made.append(Rule(f"{name} does not grow", words, least <= 0 or guess <= MOST_GROWTH * middle))
    return made


def _handles(found: Found) -> list[Rule]:
    made = []
    for name in SERVICES:
        for what in ("descriptors", "threads", "children"):
            guess, least, most, middle = growth(found, found.samples[f"{name}_{what}"])
            words = f"{middle:.0f}; grew by {guess:+.1f} ({least:+.1f} to {most:+.1f})"
            made.append(Rule(f"{what} of {name} stay", words, least <= 0 or guess < MOST_HANDLES))
    for what, columns in (("files", "{}_files"), ("MB of temporary files", "{}_mb")):
        guess, least, most, middle = growth(found, found.samples[columns.format("run")])
        words = f"{middle:.1f}; grew by {guess:+.1f} ({least:+.1f} to {most:+.1f})"
        made.append(Rule(f"{what} in /run stay", words, least <= 0 or guess < max(5, MOST_GROWTH * middle)))
    return made


def _times(found: Found) -> list[Rule]:
    made, quarter = [], found.end / 4
    for way in WAYS:
        before, count = percentile(found, way, 0.95, quarter, 2 * quarter)
        after, later = percentile(found, way, 0.95, 3 * quarter, found.end)
        enough = min(count, later) >= FEWEST
        words = f"{before:.2f} s of {count}, then {after:.2f} s of {later}" + ("" if enough else ": too few to judge")
        made.append(
            Rule(
                f"95 of 100 films of {way} take as long as before",
                words,
                not enough or after <= TIMES_THE_TIME * before,
            )
        )
    return made


def _golden(found: Found) -> list[Rule]:
    made, answers = [], {}
    for way in WAYS:
        told = [answer for _, one, answer in found.golden if one == way]
        answers[way] = set(told)
        made.append(
            Rule(
                f"the golden film by {way} is answered alike",
                f"{len(told)} times, {len(set(told))} answer",
                len(set(told)) == 1,
            )
        )
    files = answers["page"] | answers["folder"] | answers["dicom"]
    made.append(Rule("page, folder and node answer it alike", f"{len(files)} answer", len(files) == 1))
    return made


def _limits(found: Found) -> list[Rule]:
    samples = found.samples
    starts = {name: max(samples[f"{name}_starts"]) for name in SERVICES}
    silence = max(max(samples[f"{name}_silence"]) for name in SERVICES)
    made = [
        Rule("no service dies", f"{sum(starts.values()) - len(starts):.0f} restarts", max(starts.values()) == 1),
        Rule("signs of life come within 120 s", f"{silence:.0f} s at most", silence < 120),
        Rule(
            "films for the viewer stay within 40 MB",
            f"{max(samples['kept_films_mb']):.1f} MB at most",
            max(samples["kept_films_mb"]) <= 40,
        ),
        Rule(
            "at most 10,000 events wait",
            f"{max(samples['events_waiting']):.0f} at most",
            max(samples["events_waiting"]) <= 10_000,
        ),
    ]
    if "group_kills" in samples:
        kills, met = max(samples["group_kills"]), max(samples["group_limit_met"])
        words = f"{kills:.0f} kills; the limit was met {met:.0f} times, peak {max(samples['group_peak']) / 1e6:.0f} MB"
        made.append(Rule("nothing is killed for memory", words, kills == 0))
    return made


def _account(account: dict) -> list[Rule]:
    if not account:
        return [Rule("every film is accounted for once", "the run was killed before it could count", False)]
    made = []
    for way in ("page", "folder", "dicom"):
        sent, lost, more = account[way]
        made.append(
            Rule(f"every film of {way} is kept once", f"{sent} sent, {lost} lost, {more} too many", lost == more == 0)
        )
    seen, shown = account["camera"]
    made.append(Rule("no film of the camera is judged twice", f"{shown} shown, {seen} judged", seen <= shown))
    told = account["events"]
    words = ", ".join(f"{count} {name}" for name, count in told.items())
    made.append(
        Rule(
            "every event arrives, waits or was given up by the full queue",
            words,
            told["made"] == told["delivered"] + told["waiting"] + told["dropped"],
        )
    )
    made.append(Rule("the store is whole", account["integrity"], account["integrity"] == "ok"))
    codes = account["codes"]
    made.append(
        Rule(
            "services stop when they are told to",
            ", ".join(f"{name} {code}" for name, code in codes.items()),
            set(codes.values()) <= {0, 143},
        )
    )
    return made


def table(found: Found, judged: list[Rule]) -> str:
    """Return the report."""
    lines = [f"{found.end / 60:.0f} minutes", ""]
    for way in WAYS:
        outcomes: dict[str, int] = {}
        for _, one, _, outcome in found.answers:
            if one == way:
                outcomes[outcome] = outcomes.get(outcome, 0) + 1
        middle = [percentile(found, way, share, 0, found.end)[0] for share in (0.5, 0.95, 0.99)]
        told = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        lines.append(f"{way:<8} {told}; p50 {middle[0]:.2f}, p95 {middle[1]:.2f}, p99 {middle[2]:.2f} s")
    wide = max(len(rule.asked) for rule in judged)
    lines += ["", *(f"{'ok  ' if rule.holds else 'FAIL'}  {rule.asked:<{wide}}  {rule.found}" for rule in judged)]
    failed = sum(not rule.holds for rule in judged)
    lines += ["", f"{len(judged) - failed} of {len(judged)} rules hold."]
    return "\n".join(lines)
