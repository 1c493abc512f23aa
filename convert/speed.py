"""How long a file takes and how much memory, in each runtime and number of threads; files take turns."""

from statistics import median

import numpy as np

from convert import places

THREADS = (1, 2, 4)
# Rounds in turn, so that a burst of other work on a shared machine falls on all; calls in a round, the first few cold.
ROUNDS, CALLS, COLD = 3, 24, 4


def measure(files: dict[str, tuple[bytes, np.ndarray]], labels: int, runtimes, threads=THREADS) -> dict:
    """Time files against one another.

    Args:
        files: by name, (flatbuffer, one film as it takes it, uint8 (1, S, S, channels)).
        labels: labels of their scores.
        runtimes: of `places`; emulated ones tell nothing of speed and are left out.
        threads: numbers of threads.

    Returns:
        By name, then by place, then by number of threads (as text): {ms, peak_mb}, medians over the rounds.
    """
    timed = [place for place in runtimes if not place.emulated]
    seen = {name: {place.name: {str(count): [] for count in threads} for place in timed} for name in files}
    for _ in range(ROUNDS):
        for place in timed:
            for count in threads:
                for name, (content, film) in files.items():
                    outcome = places.run(place, content, np.repeat(film, CALLS, axis=0), labels, count)
                    seen[name][place.name][str(count)].append((median(outcome.ms[COLD:]), outcome.peak_mb))
    return {
        name: {place: {count: _middle(rounds) for count, rounds in counts.items()} for place, counts in at.items()}
        for name, at in seen.items()
    }


def _middle(rounds: list[tuple[float, float]]) -> dict:
    return {name: median(values) for name, values in zip(("ms", "peak_mb"), zip(*rounds, strict=True), strict=True)}


def taken(content: bytes) -> dict:
    """Return how many operators LiteRT's XNNPACK took, of how many, and which were left: {taken, operators, left}."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    steps = interpreter._get_ops_details()
    own = [step for step in steps if step["op_name"] != "DELEGATE"]
    makers = {tensor: place for place, step in enumerate(own) for tensor in step["outputs"]}
    inside = set()
    for part in (step for step in steps if step["op_name"] == "DELEGATE"):
        entries, wanted = set(part["inputs"]), list(part["outputs"])
        while wanted:
            tensor = wanted.pop()
            place = makers.get(tensor)
            if place is None or tensor in entries or place in inside:
                continue
            inside.add(place)
            wanted += list(own[place]["inputs"])
    left = sorted({step["op_name"] for place, step in enumerate(own) if place not in inside})
    return {"taken": len(inside), "operators": len(own), "left": left}
