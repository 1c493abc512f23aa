"""Which files are mutated, in parts that a reader knows, and which tests may find a mutant of them."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
SCREENING, MODEL, IMAGING = "tests/edge/screening", "tests/edge/model", "tests/edge/imaging"
STORE, SOURCES = "tests/edge/store", "tests/edge/sources"
# Files of each part under edge_app/, in the order in which parts are tried: a missed patient is the dangerous error.
PARTS = {
    "decision": (
        "screening/finding.py",
        "screening/decision.py",
        "screening/corrected.py",
        "screening/prevalence.py",
        "model/temperature.py",
        "model/card.py",
        "model/fields.py",
        "model/left_out.py",
        "model/site_calibration.py",
    ),
    "gate": (
        *(f"gate/{name}.py" for name in ("checks", "gate", "picture_checks", "refusal", "view_classes")),
        "model/ood.py",
    ),
    "preprocess": ("imaging/preprocess.py", "imaging/resample.py", "imaging/lung_field.py", "imaging/intensity.py"),
    "screening": (
        "screening/screening.py",
        "screening/heat.py",
        "screening/phrasing.py",
        "screening/result.py",
        "screening/run_context.py",
        "screening/shot.py",
    ),
    "store": tuple(f"store/{path.name}" for path in sorted((ROOT / "edge_app/store").glob("[!_]*.py"))),
    "watch": (
        *(f"sources/{name}.py" for name in ("watching", "arrival", "folder_scan", "film_paths")),
        "commands/watch.py",
    ),
}
# The quick ones: none starts a program or loads the released model, which takes seconds.
TESTS = {
    "decision": (SCREENING, MODEL, "tests/edge/gate/test_gate.py"),
    "gate": (*(f"tests/edge/gate/test_{name}.py" for name in ("gate", "picture_checks", "measured_by_hand")), MODEL),
    "preprocess": tuple(
        f"{IMAGING}/test_{name}.py" for name in ("preprocess", "resample", "lung_field", "intensity", "radiograph")
    ),
    "screening": (SCREENING, "tests/edge/outputs/test_overlay.py", "tests/edge/model/test_left_out.py"),
    "store": tuple(
        f"{STORE}/test_{name}.py"
        for name in ("store", "migrations", "reading_tables", "replaced", "results_schema", "shared_store")
    ),
    "watch": tuple(f"{SOURCES}/test_{name}.py" for name in ("arrival", "folder_watcher", "film_paths")),
}
# A test that takes longer, of the processor's time, is left to `make test`: one mutant would take as long as ten.
MOST_SECONDS = 2.0


def modules(part: str) -> list[str]:
    """Return the paths, from the root of the repository, of a part's files."""
    return [f"edge_app/{name}" for name in PARTS[part]]
