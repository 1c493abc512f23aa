"""How long a file takes and how much memory, in each runtime and number of threads; files take turns."""

from statistics import median

import numpy as np

from convert.verify import runtimes
from edge_app.errors import EdgeError

THREADS = (1, 2, 4)
# Rounds in turn, so that a burst of other work on a shared machine falls on all; calls in a round, the first few cold.
ROUNDS, CALLS, COLD = 3, 24, 4


def measure(files: dict[str, tuple[bytes, np.ndarray]], labels: int, places, threads=THREADS) -> dict:
    """Time files against one another, and in runtimes of others.

    Args:
        files: by name, (flatbuffer, one film as it takes it, uint8 (1, S, S, channels)).
        labels: labels of their scores.
        places: of `runtimes`; emulated ones tell nothing of speed and are left out. The first says what is right.
        threads: numbers of threads.

    Returns:
        By name, then by place, then by number of threads (as text): {ms, peak_mb}, medians over the rounds; in place of
        that, `{"left_out": why}` of a place that cannot run the file or gives other scores.
    """
    timed = [place for place in places if not place.emulated]
    everywhere = [*timed, *runtimes.peers()]
    able, found = {}, {name: {place.name: {} for place in everywhere} for name in files}
    for name, (content, film) in files.items():
        right = runtimes.run(timed[0], content, film, labels).answers.scores
        for place in everywhere:
            try:
                readable = runtimes.to_onnx(content) if place.runtime == runtimes.ONNX else content
                scores = runtimes.run(place, readable, film, labels).answers.scores
            except EdgeError as error:
                found[name][place.name] = {"left_out": str(error)}
                continue
            apart = float(np.abs(scores - right).max())
            if scores.max() > 1:
                found[name][place.name] = {"left_out": "answers integers without their scale"}
            elif apart > runtimes.MOST_APART:
                found[name][place.name] = {"left_out": f"gives scores off by {apart:.2f}"}
            else:
                able[name, place] = readable
    seen = {}
    for _ in range(ROUNDS):
        for (name, place), content in able.items():
            for count in threads:
                film = np.repeat(files[name][1], CALLS, axis=0)
                outcome = runtimes.run(place, content, film, labels, count)
                seen.setdefault((name, place.name, str(count)), []).append((median(outcome.ms[COLD:]), outcome.peak_mb))
    for (name, place, count), rounds in seen.items():
        found[name][place][count] = _middle(rounds)
    return found


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
