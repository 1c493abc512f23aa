"""How far a frozen network's features carry across hospitals: `python -m train probe`, a minute per line.

A logistic regression on features of an EfficientNet-Lite0 that never saw a radiograph can hardly memorise hospitals,
and gives the same result each time. So it separates ways of showing a film that whole trainings, which vary from run
to run, cannot separate. The test split is not used.
"""

import sys

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from train.evaluation import intervals
from train.experiments.trials import HOSPITAL, RADIOGRAPHY
from train.films import film_arguments, treatments
from train.index.findings import INDETERMINATE
from train.models import keras_calls
from train.training import config, training_data

BLOCK = 10  # of `lite0`: the best for unseen hospitals among those tried (7, 9, 10, 12, 14 and the head)
STRENGTH = 3e-3
FOLDS = 5
QUESTIONS = {
    "from it to Radiography": (HOSPITAL, RADIOGRAPHY),
    "from Radiography to it": (RADIOGRAPHY, HOSPITAL),
    "from the rest to Radiography": (None, RADIOGRAPHY),
    "from the rest to it": (None, HOSPITAL),
}


def add_parser(subparsers) -> None:
    """Declare `train probe`."""
    parser = subparsers.add_parser("probe", help="what frozen features of films tell across hospitals")
    parser.add_argument(
        "--outside",
        nargs="+",
        choices=treatments.OUTSIDE,
        default=treatments.OUTSIDE,
        help="what is shown beside the lungs",
    )
    film_arguments.add(parser)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command: a Markdown table of AUCs."""
    indexed = film_arguments.read(args)
    heads = ("beside the lungs", f"within {HOSPITAL}", *QUESTIONS)
    print("| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
    for outside in args.outside:
        settings = config.preset("lite0", outside=outside, places=0.0)  # no boxes are needed
        dataset = training_data.load(settings, indexed)
        films = dataset.films
        kept = dataset.at(((films["split"] != "test") & (films["label"] != INDETERMINATE)).to_numpy())
        found = answers(kept.films, features(kept.pixels, settings.size))
        print("| " + " | ".join([outside, *(f"{auc:.3f}" for auc in found.values())]) + " |", flush=True)
    return 0


def features(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return float32 (N, channels): the mean of each channel behind `BLOCK`, of uint8 (N, size, size, 1)."""
    import keras

    from train.models import networks

    network = networks.build("lite0", size, ("covid",))
    mean = keras.layers.GlobalAveragePooling2D()(network.get_layer(f"block{BLOCK}_add").output)
    return keras_calls.predict(keras.Model(network.input, mean), pixels, 64, progress=sys.stderr.isatty())


def answers(films, of_films: np.ndarray) -> dict[str, float]:
    """Return the AUC of COVID-19 against all other films, by question: within one source, and from some to another.

    Args:
        films: rows of the index, with source, label and group.
        of_films: float (N, features).
    """
    source, ill = films["source"].to_numpy(), (films["label"] == "covid").to_numpy()
    cells = (films["source"] + "/" + films["label"]).to_numpy()
    here, scores = source == HOSPITAL, np.full(len(films), np.nan)
    folds = GroupKFold(FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(of_films, ill, films["group"]):
        mine = test[here[test]]
        scores[mine] = _scores(of_films, ill, cells, train, mine)
    found = {"within": _auc(ill[here], scores[here])}
    for name, (learnt, asked) in QUESTIONS.items():
        # Nor copies of the films asked, which other sources may hold.
        others = ~films["group"].isin(films["group"][source == asked]).to_numpy()
        train = np.flatnonzero((source == learnt if learnt else source != asked) & others)
        test = np.flatnonzero(source == asked)
        found[name] = _auc(ill[test], _scores(of_films, ill, cells, train, test))
    return found


def _scores(of_films, ill, cells, train, test) -> np.ndarray:
    """Fit on some films, every source and label weighing the same; return the logits of others."""
    _, cell, counts = np.unique(cells[train], return_inverse=True, return_counts=True)
    weight = 1 / counts[cell]
    mean, spread = np.average(of_films[train], axis=0, weights=weight), of_films[train].std(axis=0) + 1e-3
    model = LogisticRegression(C=STRENGTH, max_iter=300)
    model.fit((of_films[train] - mean) / spread, ill[train], sample_weight=weight / weight.mean())
    return model.decision_function((of_films[test] - mean) / spread)


def _auc(ill, scores) -> float:
    return intervals.weighted_auc(ill, np.unique(scores, return_inverse=True)[1], np.ones(len(ill)))
