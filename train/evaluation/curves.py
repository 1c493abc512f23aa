"""ROC and precision-recall curves, as points and as pictures."""

from sklearn import metrics as sk

from train.reporting import page


def points(films) -> dict | None:
    """Return the curves of COVID-19 against the rest: {"roc": [fall-out, recall], "pr": [recall, precision]}.

    Each is two lists of the same length; None where the films hold one class only.
    """
    positive, scores = (films["label"] == "covid").to_numpy(), films["score_covid"].to_numpy()
    if positive.all() or not positive.any():
        return None
    false, true, _ = sk.roc_curve(positive, scores)
    precision, recall, _ = sk.precision_recall_curve(positive, scores, drop_intermediate=True)
    return {"roc": _rounded(false, true), "pr": _rounded(recall, precision)}


def draw(section, curves: dict[str, dict], operating: dict[str, dict], caption: str) -> None:
    """Add ROC and precision-recall curves side by side to a section.

    Args:
        section: of a `page_load.Page`.
        curves: name -> `points`.
        operating: name -> figures with sensitivity and specificity, marked by a dot on the ROC curve.
        caption: what the curves are of.
    """
    figure, (left, right) = page.subplots(1, 2, size=(9.5, 4.4))
    for (name, curve), colour in zip(curves.items(), page.COLOURS, strict=False):
        left.plot(*curve["roc"], color=colour, label=name)
        right.step(*curve["pr"], color=colour, where="post")
        point = operating[name]
        left.plot(1 - point["specificity"]["value"], point["sensitivity"]["value"], "o", color=colour)
    left.plot([0, 1], [0, 1], ":", color="grey")
    left.set(xlabel="1 - specificity", ylabel="sensitivity", title="ROC; dots: operating point")
    right.set(xlabel="recall", ylabel="precision", title="Precision and recall", ylim=(0, 1.02))
    left.legend(loc="lower right", fontsize="small")
    alt = "ROC and precision-recall curves of " + ", ".join(
        f"{name} (AUC {operating[name]['auc']['value']:.3f})" for name in curves
    )
    section.figure(figure, alt, caption)


def _rounded(x, y) -> list[list[float]]:
    return [[round(float(value), 4) for value in values] for values in (x, y)]
