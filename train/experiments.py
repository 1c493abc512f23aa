"""Which training resists shortcuts: every trial judged on sources, and on patients, that it never saw.

Two questions, each answered by small networks that train on at most `most` films of a cell:

- `hospital`: trained without covid-chestxray-dataset, tested within it (COVID-19 against its other films).
- `rest`: trained without the Radiography set and without half of the patients, tested on the Radiography set and, over
  both halves, within covid-chestxray-dataset.

The test split takes no part, neither to learn from nor to judge by: it is kept for the network that is released.
`python -m train experiments` runs what is not done yet, in hours, and prints the table of models/EXPERIMENTS.md.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from edge_app.errors import WrongUsage
from train import config, evaluate, fit, index, loop, provenance

HOSPITAL, RADIOGRAPHY = "covid-chestxray-dataset", "COVID-19_Radiography_Dataset"
FOLDS = 2
CROP = {"crop": "lungs", "outside": "keep", "levels": "crop"}
# Small and short, so that one trial takes minutes: what is compared is the recipe, not the score.
BASE = config.preset("lite0", size=128, most=400, epochs=4, batch=16, learning_rate=3e-4, settle=0, **CROP)
TRIALS = {
    "crop": {},
    "plain": {"crop": "none"},
    "black": {"outside": "black"},
    "black-lung-levels": {"outside": "black", "levels": "lungs"},
    "balance-1": {"balance": 1.0},
    "balance-0": {"balance": 0.0},
    "strong": {"augment": "strong"},
    "equal-levels": {"levels": "equal"},
    "restyle": {"restyle": 0.5},
    "mix": {"mix": 0.5},
    "coral": {"penalty": "coral", "penalty_weight": 0.05},
    "adversary": {"penalty": "adversary", "penalty_weight": 0.3},
    "irm": {"penalty": "irm", "penalty_weight": 10.0},
    "dro": {"dro": 0.5},
    "ema": {"ema": 0.98},
    "freeze": {"freeze": 5},
}


def add_parser(subparsers) -> None:
    """Declare `train experiments`."""
    parser = subparsers.add_parser("experiments", help="try training recipes on unseen sources")
    parser.add_argument("names", nargs="*", metavar="TRIAL", help=f"of {', '.join(TRIALS)} (default: all)")
    parser.add_argument("--index", type=Path, default=Path("build/index.csv"), help="from 'train index' (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the collections (%(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("build"), help="where decoded pixels are kept (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/experiments"), help="results (%(default)s)")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: every trial that is not done yet, then the table of all that are."""
    if unknown := sorted(set(args.names) - set(TRIALS)):
        raise WrongUsage(f"there is no trial {unknown[0]!r}; known trials are {', '.join(TRIALS)}.")
    everything = index.read(args.index)
    everything = everything[everything["split"] != ""].reset_index(drop=True)
    index_hash = index.sha256(args.index)
    for name in args.names or TRIALS:
        if not (args.out / name / "trial.json").exists():
            settings = settings_of(name)
            judge(name, *fit.seen(settings, everything, args.data, args.cache, index_hash), args.out / name)
        print(table([json.loads((args.out / name / "trial.json").read_text())]).splitlines()[-1], flush=True)
    done = [args.out / name / "trial.json" for name in TRIALS]
    print(table([json.loads(path.read_text()) for path in done if path.exists()]))
    return 0


def settings_of(name: str) -> config.TrainConfig:
    """Return the recipe of a trial."""
    return replace(BASE, **TRIALS[name])


def table(trials: list[dict]) -> str:
    """Return Markdown, one line a trial: AUC of COVID-19 with its 95 % interval."""
    columns = {
        "hospital": "unseen hospital",
        "hospital_pneumonia": "there, against pneumonia",
        "within": "unseen patients of it",
        "radiography": "unseen Radiography set",
    }
    lines = ["| trial | changes | " + " | ".join(columns.values()) + " |", "| --- " * (2 + len(columns)) + "|"]
    for trial in trials:
        changes = ", ".join(f"{name} {value}" for name, value in TRIALS[trial["name"]].items()) or "none: the base"
        cells = [
            f"{trial[name]['value']:.3f} ({trial[name]['low']:.2f} to {trial[name]['high']:.2f})" for name in columns
        ]
        lines.append("| " + " | ".join([trial["name"], changes, *cells]) + " |")
    return "\n".join(lines)


def judge(name: str, films, pixels: np.ndarray, run_dir: Path) -> None:
    """Run one trial; `run_dir`/trial.json gets its figures.

    Args:
        name: of `TRIALS`.
        films: rows of the index that the recipe can use.
        pixels: uint8 (N, size, size, 1), one row a film.
        run_dir: where checkpoints and the result go.
    """
    started = time.time()
    settings = settings_of(name)
    kept = (films["split"] != "test").to_numpy()
    films, pixels = films[kept].reset_index(drop=True), pixels[kept]
    covid = (films["label"] == "covid").to_numpy()
    here, there = ((films["source"] == source).to_numpy() for source in (HOSPITAL, RADIOGRAPHY))
    unseen = _scores(replace(settings, without=HOSPITAL), films, pixels, run_dir / "hospital")
    within, radiography = np.zeros(len(films)), []
    for k in range(FOLDS):
        settings_k = replace(settings, without=RADIOGRAPHY, fold=f"{k + 1}/{FOLDS}")
        scores = _scores(settings_k, films, pixels, run_dir / f"fold{k + 1}")
        mine = here & (fit.folds(films, FOLDS) == k)
        within[mine] = scores[mine].argsort().argsort() / mine.sum()  # ranks: networks differ in their level
        radiography.append(evaluate.auc(covid[there], scores[there], films["group"][there].to_numpy()))
    result = {
        "name": name,
        "config": asdict(settings),
        "commit": provenance.commit(),
        "hospital": _auc(films, covid, unseen, here),
        "hospital_pneumonia": _auc(films, covid, unseen, here & (films["label"] != "normal").to_numpy()),
        "within": _auc(films, covid, within, here),
        "radiography": {key: float(np.mean([auc[key] for auc in radiography])) for key in ("value", "low", "high")},
        "seconds": time.time() - started,
    }
    (run_dir / "trial.json").write_text(json.dumps(result, indent=1) + "\n")


def _auc(films, positive, scores, rows):
    return evaluate.auc(positive[rows], scores[rows], films["group"][rows].to_numpy())


def _scores(settings, films, pixels, run_dir) -> np.ndarray:
    """Train once; return float (N,), the score for COVID-19 of every film left out, and NaN of the others."""
    out = fit.left_out(films, settings)
    path = run_dir / "scores.npy"
    if not path.exists():
        run_dir.mkdir(parents=True, exist_ok=True)
        provenance.fix_seed(settings.seed)
        train, val = fit.rows(films, settings)
        train, val = (rows[~out[rows]] for rows in (train, val))
        model = loop.train(settings, fit.material(films, pixels, train, val, settings), run_dir)
        scores = np.full(len(films), np.nan)
        scores[out] = model.predict(pixels[out], batch_size=64, verbose=0)[:, settings.labels.index("covid")]
        np.save(path, scores)
        for checkpoint in run_dir.glob("*.keras"):
            checkpoint.unlink()
    return np.load(path)
