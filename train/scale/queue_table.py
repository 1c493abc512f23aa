"""The table and the plot of docs/scale.md: what waits before one device, from measured service times.

`python -m train queue docs/scale/service_times.json --plot docs/scale/queue.png`.
"""

import json
from pathlib import Path

import numpy as np

from train.scale import queueing

# Times that a device takes for what this machine does in one: here; and two guesses for a Pi 4, of which docs/scale.md
# says where they come from. Whoever has a Pi measures its own with `covid-xray bench`.
FACTORS = (1, 4, 9)
# Utilisations of the table.
LOADS = (0.3, 0.5, 0.7, 0.9)


def add_parser(subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("queue", help="say what waits before one device", description=__doc__)
    parser.add_argument("times", type=Path, metavar="FILE", help="JSON of 'service-times'")
    parser.add_argument("--name", default="jpeg", help="of the measurement (default %(default)s)")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="also draw it")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    service = measured(args.times, args.name)
    print("\n".join(table(service)))
    if args.plot:
        draw(service, args.plot)
    return 0


def measured(path: Path, name: str) -> np.ndarray:
    """Return the service times of a measurement in seconds, float64 (n,): to the answer, and after it."""
    kept = json.loads(path.read_text(encoding="utf-8"))[name]
    return (np.array(kept["answer_ms"]) + np.array(kept["after_ms"])) / 1000


def table(service: np.ndarray) -> list[str]:
    """Return the lines of the table, in Markdown."""
    lines = [
        "| a film takes | utilisation | films an hour | mean wait, formula | simulation (99.9 %) "
        "| 95 of 100 wait at most | turned away |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for factor in FACTORS:
        times = service * factor
        for busy in LOADS:
            rate = busy / float(times.mean())
            found = queueing.simulate(rate, times)
            low, high = found.wait.mean - found.wait.half, found.wait.mean + found.wait.half
            lines.append(
                f"| {times.mean():.2f} s (x {factor}) | {busy:.0%} | {3600 * rate:,.0f} | "
                f"{queueing.mean_wait(rate, times):.3f} s | {low:.3f} to {high:.3f} s | {found.p95.mean:.2f} s | "
                f"{found.lost.mean:.2%} |"
            )
    return lines


def draw(service: np.ndarray, path: Path) -> None:
    """Draw mean waits over films an hour: lines by the formula, points by the simulation, with their intervals."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5), dpi=120, layout="constrained")
    for factor, style in zip(FACTORS, ("-", "--", ":"), strict=True):
        times = service * factor
        loads = np.linspace(0.02, 0.95, 200)
        rates = loads / float(times.mean())
        (line,) = axes.plot(
            3600 * rates,
            [queueing.mean_wait(rate, times) for rate in rates],
            style,
            label=f"{times.mean():.2f} s a film (x {factor}), formula",
        )
        for busy in LOADS:
            rate = busy / float(times.mean())
            found = queueing.simulate(rate, times)
            axes.errorbar(
                *(3600 * rate, found.wait.mean), yerr=found.wait.half, fmt="o", color=line.get_color(), capsize=4
            )
    axes.set(
        xscale="log", yscale="log", xlabel="films an hour, at random", ylabel="mean wait before a film is begun (s)"
    )
    axes.set_title(
        "One device, films read one after the other: lines Pollaczek-Khinchine, points simulated (99.9 %)", fontsize=10
    )
    axes.grid(alpha=0.3, which="both")
    axes.legend()
    figure.savefig(path)
    plt.close(figure)
