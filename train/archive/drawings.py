"""The report's figures: outcomes, scores and refusals by the month in which films were taken."""

import numpy as np

from train.archive import figures
from train.archive.figures import OUTCOMES, Figures
from train.reporting import page

# What most films are is calm, what needs somebody stands out.
LOUD = (page.COLOURS[1], page.COLOURS[5], page.COLOURS[0])
COLOURS = dict(zip(OUTCOMES, (*LOUD, "#d0d7de", "#8b949e", "#24292f"), strict=True))
# More months than this on the axis cannot be read.
MOST_TICKS = 12


def outcomes(found: Figures):
    """Draw the shares of the outcomes by month, stacked."""
    months = found.months
    figure, axes = page.one_plot()
    films = np.array([found.groups["month"][month].total() for month in months])
    bottom = np.zeros(len(months))
    for outcome in OUTCOMES:
        shares = np.array([found.groups["month"][month][outcome] for month in months]) / films
        if shares.any():
            axes.bar(range(len(months)), shares, 0.85, bottom, color=COLOURS[outcome], label=outcome)
            bottom += shares
    axes.set(ylabel="share of films", ylim=(0, 1), title="Outcomes by month")
    _months(axes, months)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize="small")
    return figure


def drift(found: Figures):
    """Draw the quartiles of the score of COVID-19 by month, and below the share that was refused or not read."""
    months = found.months
    figure, (above, below) = page.subplots(2, 1, size=(7.0, 5.6), sharex=True)
    judged = [(at, figures.quartiles(found.scores[month])) for at, month in enumerate(months) if month in found.scores]
    if judged:
        places = [at for at, _ in judged]
        low, middle, high = zip(*(ends for _, ends in judged), strict=True)
        above.fill_between(places, low, high, alpha=0.25, label="middle half of the films", step=None)
        above.plot(places, middle, "o-", label="median")
        above.legend(fontsize="small")
    above.set(ylabel="score of COVID-19", ylim=(0, 1), title="Scores by month")
    for at, (name, outcome) in enumerate((("refused", "refused"), ("not read", figures.FAILED))):
        counts = [found.groups["month"][month] for month in months]
        value, low, high = zip(*(figures.share(one[outcome], one.total()) for one in counts), strict=True)
        spread = np.abs(np.array([low, high]) - value)
        places = np.arange(len(months)) + (at - 0.5) * 0.12
        below.errorbar(places, value, spread, fmt="os"[at], capsize=2, color=page.COLOURS[at], label=name)
    below.set(ylabel="share of films", ylim=(0, None), title="Without a verdict; bars: 95 % intervals")
    below.legend(fontsize="small")
    _months(below, months)
    return figure


def _months(axes, months: list[str]) -> None:
    step = -(-len(months) // MOST_TICKS)
    axes.set_xticks(range(0, len(months), step), months[::step], rotation=45, ha="right")
    axes.grid(axis="x", visible=False)
