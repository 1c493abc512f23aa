"""Which training resists shortcuts: every trial judged on sources, and on patients, that it never saw.

Two questions, each answered by small networks that train on at most `most` films of a cell:

- `hospital`: trained without covid-chestxray-dataset, tested within it (COVID-19 against its other films).
- `rest`: trained without the Radiography set and without one fold of patients, tested on the Radiography set, and, over
  three folds, within covid-chestxray-dataset.

The test split takes no part, neither to learn from nor to judge by: it is kept for the network that is released.
"""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from train import config, evaluate, fit, loop, provenance

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


def judge(name: str, films, pixels_of, run_dir: Path) -> dict:
    """Run one trial; return its figures, which `run_dir`/trial.json keeps.

    Args:
        name: of `TRIALS`.
        films: rows of the index that belong to a split.
        pixels_of: config -> uint8 (N, size, size, 1), one row a film.
        run_dir: where checkpoints and the result go.
    """
    done = run_dir / "trial.json"
    if done.exists():
        return json.loads(done.read_text())
    started = time.time()
    settings = replace(BASE, **TRIALS[name])
    kept = (films["split"] != "test").to_numpy()
    films, pixels = films[kept].reset_index(drop=True), pixels_of(settings)[kept]
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
    done.write_text(json.dumps(result, indent=1) + "\n")
    return result


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
