"""Print the figures of several models side by side, as a Markdown table of COVID-19 against everything else."""

import json
from pathlib import Path

from edge_app.errors import EdgeError

# Of the files that a run became: a float32 one answers as Keras does.
SHOWN = ("int8",)


def add_parser(subparsers) -> None:
    """Declare `train compare`."""
    parser = subparsers.add_parser("compare", help="print the figures of several models side by side")
    parser.add_argument("records", type=Path, nargs="+", help="run folders, or models/*.json")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    print(table([column for path in args.records for column in read(path)]))
    return 0


def read(path: Path) -> list[tuple[str, dict]]:
    """Return (name, metrics) of a run, and of its file for the edge if it was released.

    Raises:
        EdgeError: `path` is neither a finished run nor a record of one.
    """
    file = path / "run.json" if path.is_dir() else path
    try:
        record = json.loads(file.read_text())
        released = record.get("files", {})
        trained = record.get("run", record)
        name = trained["config"]["model"]
        return [(f"{name}, Keras", trained["metrics"])] + [
            (f"{name}, {kind}", released[kind]) for kind in SHOWN if kind in released
        ]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise EdgeError(
            f"{path}: is neither a finished run nor the record of one; name run folders of 'make train', or "
            "'models/*.json'."
        ) from error


def table(models: list[tuple[str, dict]]) -> str:
    """Return Markdown: one column a model, one row a figure.

    "own" films are test films of the sources and labels the model was trained on; the other rows are all test films, by
    source, at the model's operating point, whether it was trained on such films or not. Of a source that a model did
    not learn from more films are test films; where the models differ in that, each cell has its count.
    """
    sources = sorted({source for _, metrics in models for source in metrics["test"]["covid"] if source != "all"})
    rows = [("", [name for name, _ in models]), ("---", ["---"] * len(models))]
    for title, figure in (("AUC", "auc"), ("accuracy at 0.5", "accuracy_at_half")):
        rows.append((f"own test films: {title}", [_text(metrics["own"]["covid"][figure]) for _, metrics in models]))
    for source in ("all", *sources):
        tests = [metrics["test"]["covid"].get(source, {}) for _, metrics in models]
        name = "all test films" if source == "all" else source
        for title, figure in (("AUC", "auc"), ("sensitivity", "sensitivity"), ("specificity", "specificity")):
            counts = [_count(test, figure) if test.get(figure) else "" for test in tests]
            known = set(counts) - {""}
            cells = [_text(test.get(figure)) for test in tests]
            if len(known) > 1:
                cells = [f"{cell}, {count}" if count else cell for cell, count in zip(cells, counts, strict=True)]
            if known:
                rows.append((f"{name}: {title}" + (f" ({known.pop()})" if len(known) == 1 else ""), cells))
    return "\n".join("| " + " | ".join([name, *cells]) + " |" for name, cells in rows)


def _count(test: dict, figure: str) -> str:
    if figure == "auc":
        return f"{test['positives']} of {test['n']} films"
    return f"{test[figure]['n']} films"


def _text(figure: dict | None) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})" if figure else "-"
