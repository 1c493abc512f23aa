"""Print the figures of several runs side by side, as a Markdown table of COVID-19 against everything else."""

import json
from pathlib import Path

from edge_app.errors import EdgeError


def add_parser(subparsers) -> None:
    """Declare `train compare`."""
    parser = subparsers.add_parser("compare", help="print the figures of several runs side by side")
    parser.add_argument("runs", type=Path, nargs="+", help="run folders")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    print(table([(path.name, _read(path)) for path in args.runs]))
    return 0


def table(runs: list[tuple[str, dict]]) -> str:
    """Return Markdown: one row a run, from the `metrics.json` of each.

    `own` are test films of the sources and labels the run was trained on; the other columns are all test films, by
    source, at the run's operating point, whether it was trained on such films or not.
    """
    sources = sorted({source for _, metrics in runs for source in metrics["test"]["covid"] if source != "all"})
    header = ["run", "own: AUC", "own: accuracy at 0.5", "all: AUC", "all: sensitivity", "all: specificity"]
    header += [f"{source}: AUC / sensitivity / specificity" for source in sources]
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    for name, metrics in runs:
        own, test = metrics["own"]["covid"], metrics["test"]["covid"]
        cells = [name, _text(own["auc"]), _text(own["accuracy_at_half"])]
        cells += [_text(test["all"][figure]) for figure in ("auc", "sensitivity", "specificity")]
        for source in sources:
            figures = test.get(source, {})
            cells.append(" / ".join(_short(figures.get(figure)) for figure in ("auc", "sensitivity", "specificity")))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _read(run_dir: Path) -> dict:
    path = run_dir / "metrics.json"
    if not path.is_file():
        raise EdgeError(f"{run_dir}: holds no 'metrics.json'; name folders of finished runs, made by 'make train'.")
    return json.loads(path.read_text())


def _text(figure: dict | None) -> str:
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})" if figure else "-"


def _short(figure: dict | None) -> str:
    return f"{figure['value']:.2f}" if figure else "-"
