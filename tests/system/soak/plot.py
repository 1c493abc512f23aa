"""The plot of a soak: memory, handles, times and queues over the minutes."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from tests.system.soak.verdict import SERVICES, WAYS, Found, percentile

# Okabe and Ito's colours, which people with any colour vision tell apart; lines differ by their dashes too.
COLOURS = dict(
    zip((*WAYS, "watch", "all"), ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#d55e00", "#555555"), strict=True)
)
DASHES = dict(zip((*WAYS, "watch", "all"), ("-", "--", "-.", (0, (1, 1)), "--", "-"), strict=True))


def draw(found: Found, path: Path) -> None:
    """Draw it into a PNG file."""
    minutes = [second / 60 for second in found.samples["second"]]
    figure, axes = plt.subplots(2, 2, figsize=(11, 6.4), sharex=True, layout="constrained")
    for name in SERVICES:
        _line(axes[0][0], minutes, found.samples[f"{name}_pss_mb"], name, name)
        _line(axes[0][1], minutes, found.samples[f"{name}_descriptors"], name, name)
    if "group_anonymous" in found.samples:
        _line(axes[0][0], minutes, [one / 1e6 for one in found.samples["group_anonymous"]], "all", "all, by the group")
    _titled(axes[0][0], "Memory of each service (PSS), MB")
    _titled(axes[0][1], "Open descriptors of each service")
    for way in WAYS:
        ends = [(one, percentile(found, way, 0.95, 60 * one, 60 * one + 60)[0]) for one in range(int(minutes[-1]))]
        _line(axes[1][0], [one + 0.5 for one, _ in ends], [took for _, took in ends], way, way)
    axes[1][0].set_yscale("log")
    _titled(axes[1][0], "95 of 100 films of each minute take at most, seconds")
    scaled = (
        ("events_waiting", "page", "events that wait"),
        ("results_waiting", "folder", "results for the PACS that wait"),
        ("readings", "camera", "readings in the store"),
    )
    for column, colour, label in scaled:
        _line(axes[1][1], minutes, [one + 1 for one in found.samples[column]], colour, label)
    axes[1][1].set_yscale("log")
    _titled(axes[1][1], "Queues and store, 1 + count")
    for one in axes[1]:
        one.set_xlabel("minutes")
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _line(axis, x, y, name: str, label: str) -> None:
    axis.plot(x, y, color=COLOURS[name], linestyle=DASHES[name], linewidth=1.3, label=label)


def _titled(axis, words: str) -> None:
    axis.set_title(words, fontsize=10, loc="left")
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
    # Below the axis, where no line runs.
    axis.legend(frameon=False, fontsize=8, ncols=5, loc="upper center", bbox_to_anchor=(0.5, -0.18))
    if axis.get_yscale() == "linear":
        axis.set_ylim(bottom=0)
