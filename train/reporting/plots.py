"""Pictures of a run: curves, ROC, confusion matrix."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from sklearn import metrics as sk

from edge_app.screening import decision

mpl.use("Agg")  # files only: a desk may have no screen

INK = {"covid": "#b2182b", "pneumonia": "#e08214", "normal": "#2166ac"}


def curves(history: list[dict], path: Path) -> None:
    """Draw losses, and validation AUC and recall, by epoch."""
    epochs = [row["epoch"] for row in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    left.plot(epochs, [row["loss"] for row in history], "-", label="training (smoothed targets, augmented)")
    left.plot(epochs, [row["val_loss"] for row in history], "o-", label="validation")
    left.set(xlabel="epoch", ylabel="binary cross-entropy", title="Loss")
    right.plot(epochs, [row["val_auc"] for row in history], "o-", label="AUC, mean of the labels")
    right.plot(epochs, [row["val_recall"] for row in history], "o-", label="recall of COVID-19 at 0.5")
    right.set(xlabel="epoch", title="Validation", ylim=(None, 1.005))
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    save(figure, path)


def roc(films, labels: tuple[str, ...], thresholds: dict, path: Path) -> None:
    """Draw one ROC curve a label on the test films, with the operating points marked."""
    figure, axes = plt.subplots(figsize=(5.5, 5), layout="constrained")
    for label in labels:
        positive, scores = films["label"] == label, films[f"score_{label}"]
        if positive.all() or not positive.any():
            continue
        false, true, _ = sk.roc_curve(positive, scores)
        axes.plot(false, true, color=INK[label], label=f"{label}: AUC {sk.auc(false, true):.3f}")
        if label in thresholds:
            called = scores >= thresholds[label]
            axes.plot(called[~positive].mean(), called[positive].mean(), "o", color=INK[label])
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", title=f"Test films ({len(films)}); dots: operating points")
    axes.legend(loc="lower right")
    axes.grid(alpha=0.3)
    save(figure, path)


def confusion(films, labels: tuple[str, ...], verdicts: np.ndarray, path: Path) -> None:
    """Draw truth against verdicts, in the words the edge uses."""
    words = [decision.SUSPECTED.get(label, decision.NORMAL) for label in labels]
    truth = films["label"].map(dict(zip(labels, words, strict=True)))
    counts = sk.confusion_matrix(truth, verdicts, labels=words)
    figure, axes = plt.subplots(figsize=(6, 5), layout="constrained")
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = count / max(counts[row].sum(), 1)
        ink = "white" if share > 0.5 else "black"
        axes.text(column, row, f"{count}\n{share:.0%}", ha="center", va="center", color=ink)
    axes.set(xlabel="verdict", ylabel="label", title=f"Test films ({len(films)}) at the operating points")
    axes.set_xticks(range(len(labels)), [word.replace(" suspected", "\nsuspected") for word in words])
    axes.set_yticks(range(len(labels)), labels)
    save(figure, path)


def save(figure, path: Path) -> None:
    """Write a figure as PNG and close it."""
    figure.savefig(path, dpi=110)
    plt.close(figure)


def scale(sizes: dict[int, dict], path: Path) -> None:
    """Draw the time and the greatest memory of the index by the number of films, both axes in powers of ten.

    Args:
        sizes: by the number of films, the figures of `train.index.scale.measure`.
        path: a PNG.
    """
    films = sorted(sizes)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    busy = [sizes[count]["cpu_s"] for count in films]
    left.loglog(films, busy, "o-", color=INK["normal"], label="all cores together")
    for part in sizes[films[0]]["parts"]:
        if part != "drawing":
            left.loglog(films, [max(sizes[n]["parts"][part]["cpu_s"], 0.01) for n in films], "o:", label=part)
    left.loglog(films, [busy[-1] * count / films[-1] for count in films], "--", color="grey", label="in proportion")
    left.set(xlabel="films", ylabel="seconds of processor time", title="Time")
    right.loglog(films, [sizes[count]["peak_mib"] for count in films], "o-", color=INK["covid"], label="measured")
    right.axhline(4096, ls="--", color="grey", label="4 GiB")
    right.set(xlabel="films", ylabel="greatest resident memory, MiB", title="Memory")
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
    save(figure, path)
