"""The report's figures: the ROC curve with the operating points, and the reliability diagram."""

from train.evaluation.calibration import BINS
from train.reporting import page


def roc(curve: dict, points: dict, local: dict | None):
    """Draw the ROC curve of a site's films, its operating points, and where the card has them.

    Args:
        curve: from `train.evaluation.curves.points`.
        points: by rule, from `numbers.measure`.
        local: the suggested threshold, from `local.threshold`.
    """
    figure, axes = page.one_plot((5.6, 5.0))
    axes.plot([0, 1], [0, 1], ":", color="grey")
    axes.plot(*curve["roc"], color="black", linewidth=1, label="these films")
    for colour, (name, here, card) in zip(page.COLOURS, _dots(points), strict=False):
        axes.plot(*_place(here), "o", color=colour, label=name)
        axes.plot(*_place(card), "o", color=colour, markerfacecolor="none")
        axes.plot(*zip(_place(here), _place(card), strict=True), "-", color=colour, linewidth=0.7, alpha=0.6)
    if local:
        axes.plot(*_place(local["apparent"]), "k*", markersize=10, label="suggested threshold")
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.set_title("ROC; full dots: here, hollow: by its card")
    axes.legend(loc="lower right", fontsize="small")
    return figure


def _dots(points):
    """Yield (name, figures here, figures on the card) of every threshold."""
    for rule, point in points.items():
        if "referred" not in point["local"]:
            yield rule, point["local"], point["card"]
            continue
        yield f"{rule}: suspected or unsure", point["local"], point["card"]
        names = {"sensitivity": "suspected_sensitivity", "specificity": "suspected_specificity"}
        yield (
            f"{rule}: suspected",
            *({name: part[other] for name, other in names.items()} for part in (point["local"], point["card"])),
        )


def _place(figures):
    return 1 - figures["specificity"]["value"], figures["sensitivity"]["value"]


def reliability(parts: dict[str, dict]):
    """Draw score against share, with how many films there are at each; `parts` as `calibration.figures`, by name."""
    figure, (axes, below) = page.subplots(2, 1, size=(5.6, 6.0), sharex=True, height_ratios=(3, 1))
    axes.plot([0, 1], [0, 1], ":", color="grey")
    width = 1 / BINS / (len(parts) + 0.5)
    for at, (name, part) in enumerate(parts.items()):
        score, share = ([one[column] for one in part["bins"]] for column in ("score", "covid"))
        value = [one["value"] for one in share]
        spread = [[abs(one["value"] - one[end]) for one in share] for end in ("low", "high")]
        axes.errorbar(score, value, spread, fmt="o", capsize=2, color=page.COLOURS[at], alpha=0.8)
        places = [one["low"] + (at + 0.75) * width for one in part["bins"]]
        below.bar(places, [one["n"] for one in share], width, color=page.COLOURS[at], label=name)
    axes.set(ylabel="share that is COVID-19", ylim=(-0.02, 1.02), title="Reliability; bars: 95 % intervals")
    below.legend(fontsize="small")
    below.set(xlabel="score of COVID-19", ylabel="films", xlim=(-0.02, 1.02))
    return figure
