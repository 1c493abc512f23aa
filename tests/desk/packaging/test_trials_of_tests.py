"""What `make mutants` and `make flaky` report, and the list of explained mutants: the trials themselves take hours."""

from collections import Counter

import pytest

from tests.system.flaky import __main__ as flaky
from tests.system.mutants import parts, report

MODULE = "edge_app/screening/finding.py"
BEFORE, AFTER = "answer = SUSPECTED if score >= high", "answer = SUSPECTED if score > high"


def tried(outcome: str, after: str = AFTER) -> dict:
    """Return a mutant that was tried."""
    return {"module": MODULE, "before": BEFORE, "after": after, "outcome": outcome}


def test_every_explanation_is_of_a_line_that_stands_there_and_says_why():
    entries = report.explanations()
    assert report.stale(entries) == []
    assert [entry for entry in entries if not entry["why"].endswith(".")] == []
    known = {module for part in parts.PARTS for module in parts.modules(part)}
    assert {entry["module"] for entry in entries if "module" in entry} <= known
    assert [module for module in known if not (parts.ROOT / module).is_file()] == []


def test_an_explanation_of_a_line_that_is_gone_is_named(tmp_path):
    (tmp_path / "edge_app/screening").mkdir(parents=True)
    (tmp_path / MODULE).write_text(f"def find():\n    {BEFORE}\n")
    entries = [{"module": MODULE, "before": BEFORE}, {"module": MODULE, "before": "gone = 1"}, {"before": BEFORE}]
    assert report.stale(entries, tmp_path) == [f"{MODULE}: has no line 'gone = 1'; remove its explanation"]
    assert len(report.stale([{"module": "edge_app/none.py", "before": BEFORE}], tmp_path)) == 1


@pytest.mark.parametrize(
    ("entry", "matches"),
    [
        ({"module": MODULE, "before": BEFORE, "after": AFTER}, True),
        ({"before": BEFORE}, True),
        ({"module": MODULE, "before": BEFORE, "after": ""}, False),
        ({"module": "edge_app/gate/gate.py", "before": BEFORE}, False),
    ],
)
def test_an_explanation_is_of_one_change_or_of_all_of_a_line(entry, matches):
    assert report.matches(entry, tried(report.SURVIVED)) == matches
    left = [] if matches else [tried(report.SURVIVED)]
    assert report.unexplained([entry], [tried(report.SURVIVED), tried(report.KILLED, "other")]) == left


def test_an_explanation_of_what_a_test_kills_is_named():
    entries = [{"before": BEFORE, "after": AFTER}]
    assert report.disproved(entries, [tried(report.SURVIVED)]) == report.disproved(entries, []) == []
    assert report.disproved(entries, [tried(report.KILLED)]) == [
        f"{BEFORE!r}: is killed by a test; remove its explanation"
    ]


def test_the_table_counts_a_part_its_files_and_all():
    found = [
        tried(report.KILLED, "a"),
        tried(report.SURVIVED, "b"),
        tried(report.SURVIVED),
        tried(report.TIMED_OUT, "c"),
    ]
    counts = report.counted([{"before": BEFORE, "after": AFTER}], {MODULE: 9}, found)
    assert report.table(counts).splitlines() == [
        "| | mutants | tried | killed | timed out | survived | explained | not run |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| **decision** | 9 | 4 | 1 | 1 | 1 | 1 | 0 |",
        f"| `{MODULE}` | 9 | 4 | 1 | 1 | 1 | 1 | 0 |",
        "| all | 9 | 4 | 1 | 1 | 1 | 1 | 0 |",
    ]


def test_failures_in_any_order_are_counted_by_test(tmp_path):
    report_ = (
        '<testsuites><testsuite tests="3" skipped="1"><testcase classname="tests.a" name="fine"/>'
        '<testcase classname="tests.a" name="{}"><{} message="x"/></testcase></testsuite></testsuites>'
    )
    paths = []
    for number, told in enumerate([("x", "failure"), ("x", "error"), ("y", "failure"), ("y", "skipped")]):
        paths.append(tmp_path / f"{number}.xml")
        paths[-1].write_text(report_.format(*told))
    assert flaky.failures(paths) == Counter({"tests.a::x": 2, "tests.a::y": 1})
    assert flaky.row("tests/a", paths) == "| `tests/a` | 2 | 4 | 3 |"
