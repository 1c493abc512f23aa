"""Can the source be told from what a network sees? The more surely, the more a hospital can stand in for a disease."""

import numpy as np
from tqdm import tqdm

from train.audit import controls
from train.audit.array_cache import key
from train.evaluation import intervals
from train.index.findings import INDETERMINATE
from train.reporting import wording

# Names of the embeddings that are always there.
OWN, IMAGENET = "this run", "ImageNet, no X-ray seen"


def measure(embeddings: dict[str, np.ndarray], films, cache) -> dict:
    """Return {embedding: {films: figures}}: balanced accuracy of logistic regression from embedding to source.

    Among films of one label the disease cannot help; all that is left is the hospital.

    Args:
        embeddings: name -> float32 (N, features), of all films.
        films: rows of the index.
        cache: where predictions are kept.
    """
    found = {}
    # Not films of indeterminate appearance: of other collections only copies are known to be so.
    subsets = {"all": (films["label"] != INDETERMINATE).to_numpy()}
    subsets |= {label: (films["label"] == label).to_numpy() for label in sorted(set(films["label"]) - {INDETERMINATE})}
    for name, columns in tqdm(embeddings.items(), desc="source classifiers", unit="embedding", disable=None):
        found[name] = {}
        for subset, rows in subsets.items():
            rows = rows & films["source"].isin(_known(films[rows])).to_numpy()
            part = films[rows].reset_index(drop=True)
            if part["source"].nunique() < 2:
                continue
            made_of = key(columns, rows.astype(np.uint8), "\n".join(part["path"] + part["split"]))
            guesses = cache.get(
                f"source {name} {subset}", made_of, lambda columns=columns[rows], part=part: _guess(columns, part)
            )
            found[name][subset] = _figures(guesses.astype(object), part)
    return found


def show(section, numbers: dict) -> None:
    """Write the part of the chapter."""
    section.heading("Can the source be told?")
    section.text(
        "Logistic regression from a network's embedding (the mean of its last feature maps) to the collection a film "
        "comes from. Balanced accuracy: the mean over the collections of the share found; chance is one over their "
        "number. Among films of one label only the hospital is left to tell."
    )
    subsets = list(numbers[OWN])
    if not subsets:
        section.note("Not measured: the index holds one source, or not two with training, validation and test films.")
        return
    section.table(
        ("embedding", *(f"{subset} films" for subset in subsets)),
        [(name, *(wording.text(row[subset]) for subset in subsets)) for name, row in numbers.items()]
        + [("chance", *(f"{numbers[next(iter(numbers))][subset]['chance']:.3f}" for subset in subsets))],
        "Balanced accuracy on test films; training films fit, validation films choose.",
    )
    own, untrained = (numbers[name].get("all") for name in (OWN, IMAGENET))
    if own and untrained:
        way = "easier" if own["value"] > untrained["value"] else "harder"
        section.text(
            f"Of all films this network tells the source with {own['value']:.3f}, one that never saw an X-ray with "
            f"{untrained['value']:.3f}: training made the source **{way}** to tell."
        )


def balanced_accuracy(truth: np.ndarray, guesses: np.ndarray):
    """Return the statistic of weights: the mean over the classes of the share found; NaN where one has no weight."""
    classes = [truth == name for name in sorted(set(truth))]
    right = truth == guesses

    def statistic(weight: np.ndarray) -> float:
        sizes = [weight[rows].sum() for rows in classes]
        if not all(sizes):
            return np.nan
        return float(np.mean([weight[rows] @ right[rows] / size for rows, size in zip(classes, sizes, strict=True)]))

    return statistic


def _known(films):
    """Return the sources that have films in all three splits, to fit, to choose and to report."""
    splits = films.groupby("source")["split"].nunique()
    return splits.index[splits == 3]


def _guess(columns, films):
    """Return the source guessed for each film, text (N,)."""
    source, split = films["source"].to_numpy(str), films["split"].to_numpy()

    def judge(estimator, columns, truth):
        return balanced_accuracy(truth, estimator.predict(columns))(np.ones(len(truth)))

    candidates = [controls.logistic(strength, balanced=True) for strength in controls.STRENGTHS]
    at = controls.choose(candidates, judge, columns, source, split == "train", split == "val")
    return candidates[at].predict(columns)


def _figures(guesses, films):
    test = (films["split"] == "test").to_numpy()
    truth = films["source"].to_numpy()[test]
    figure = intervals.estimate(balanced_accuracy(truth, guesses[test]), films["group"].to_numpy()[test])
    return figure | {"n": int(test.sum()), "chance": 1 / len(set(truth))}
