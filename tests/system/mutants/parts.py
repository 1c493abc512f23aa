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
TESTS = {
    "decision": (SCREENING, MODEL, "tests/edge/gate", "tests/edge/install/test_site_file.py"),
    "gate": ("tests/edge/gate", MODEL, SCREENING),
    "preprocess": (IMAGING, "tests/edge/gate", SCREENING),
    "screening": (SCREENING, "tests/edge/gate", "tests/edge/outputs", STORE),
    "store": (STORE, "tests/edge/events/test_untold.py", "tests/edge/web"),
    "watch": (SOURCES,),
}
# A test that takes longer, of the processor's time, is left to `make test`: one mutant would take as long as ten.
MOST_SECONDS = 2.0


def modules(part: str) -> list[str]:
    """Return the paths, from the root of the repository, of a part's files."""
    return [f"edge_app/{name}" for name in PARTS[part]]
