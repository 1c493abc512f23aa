"""Compare the program with the least that it has to do, in one run: `python -m edge_app.bench.session`.

Both sides of a ratio are timed in turn and their medians compared, so that other load on the machine meets both: a cold
start with imports and building alone; a warm film with the fastest decoder and the bare networks; a folder with its
decoding alone and its networks alone. The memory of all processes is measured over many films.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from edge_app import atomic_io
from edge_app.commands import common
from edge_app.workers.decode_pool import Decoded, DecodePool

TURNS = 9
# (name, width, height): what a digital radiography system and a phone hand over.
LARGE = (("png-2566x2566.png", 2566, 2566), ("jpeg-3000x2500.jpg", 3000, 2500))
# The film of a cold start, as the public collections hand it over.
USUAL = ("png-1024x1024.png", 1024, 1024)
# A program that builds the two interpreters and does nothing else.
BARE = (
    "import sys, importlib, numpy, cv2\n"
    "interpreter = importlib.import_module(sys.argv[1]).Interpreter\n"
    "for path in sys.argv[3:]:\n"
    "    with open(path, 'rb') as file:\n"
    "        one = interpreter(model_content=file.read(), num_threads=int(sys.argv[2]))\n"
    "    one.allocate_tensors()\n"
    "print('built', flush=True)\n"
)
# The limits that a release must keep (ratios; megabytes).
COLD, WARM, FOLDER, MEMORY_MB = 1.3, 1.15, 0.9, 300


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m edge_app.bench.session", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", help="folders of films (default: the sample film, enlarged)")
    parser.add_argument("--films", type=int, default=500, help="films of the folders to time (default %(default)s)")
    parser.add_argument("--many", type=int, default=2000, help="films for the memory run (default %(default)s)")
    parser.add_argument("--turns", type=int, default=TURNS, help="times that each side is timed (default %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this JSON file")
    common.add_model(parser)
    args = parser.parse_args()
    with DecodePool() as pool, tempfile.TemporaryDirectory() as folder:
        figures = measure(args, pool, Path(folder))
    print(report(figures))
    if args.json:
        atomic_io.write_json(args.json, figures)
    return 0


def measure(args, pool: DecodePool, folder: Path) -> dict:
    """Return all figures by name; `args` are those of the command."""
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.sources import film_paths

    model = model_file.read(args.model)
    usual, *films = _enlarged(folder)
    figures = {"cold": cold(args, model, usual, folder)}
    classifier = Classifier(model, args.threads)
    figures |= {path.name: warm(path, classifier, pool, args.turns) for path in films}
    found = film_paths.expand(args.folders).films if args.folders else films
    some = found[:: max(1, len(found) // args.films)]  # some of every collection
    figures["folder"] = throughput(list(islice(cycle(some), args.films)), classifier, pool)
    figures["memory"] = memory(list(islice(cycle(some), args.many)), classifier, pool)
    return figures


def cold(args, model, film: Path, folder: Path) -> dict:
    """Time Python's start to the first verdict against its start to two bare interpreters."""
    from edge_app.bench import process_stats
    from edge_app.model.classifier import find_runtime

    networks = [folder / "scores.tflite", folder / "lungs.tflite"]
    for path, content in zip(networks, (model.scores, model.lungs), strict=True):
        path.write_bytes(content)
    runtime = find_runtime()[1].__module__
    bare = [sys.executable, "-c", BARE, runtime, args.threads, *networks]
    ours = [sys.executable, "-m", "edge_app", "classify", film, "--json", "--model", args.model]
    ours += ["--threads", args.threads]
    runs = {"bare": [], "ours": []}
    for turn in range(args.turns + 1):
        for name, command in (("bare", bare), ("ours", ours)):
            ran = process_stats.run(command, until_line=True)
            if ran["code"]:
                raise SystemExit(f"{' '.join(map(str, command))}: exit code {ran['code']}\n{ran['stderr']}")
            if turn:  # the first writes Python's compiled files
                runs[name].append(ran)
    figures = {
        f"{name}_{part}": median(run[part] for run in found)
        for name, found in runs.items()
        for part in ("seconds", "cpu_seconds")
    }
    return figures | {"ratio": figures["ours_seconds"] / figures["bare_seconds"]}


def warm(path: Path, classifier, pool: DecodePool, turns: int) -> dict:
    """Time one film from its path to its verdict against the fastest decoder there is and the bare networks."""
    from edge_app.workers import pipeline

    limits = classifier.card.limits("refer")
    sides = {**_decoders(path), "networks": _networks(classifier)}
    sides["ours"] = lambda: next(pipeline.results([path], classifier, pool, limits))
    times = {name: [] for name in sides}
    for turn in range(turns + 1):
        for name, call in sides.items():
            spent = _seconds(call)
            if turn:  # the first call of anything is slower
                times[name].append(spent)
    figures = {f"{name}_ms": median(found) * 1000 for name, found in times.items()}
    fastest = min((name for name in figures if name.startswith("decode")), key=lambda name: figures[name])
    floor = figures[fastest] + figures["networks_ms"]
    return figures | {"fastest": fastest, "floor_ms": floor, "ratio": figures["ours_ms"] / floor}


def throughput(films: list[Path], classifier, pool: DecodePool) -> dict:
    """Time a folder against its decoding alone, a child a core, and against the networks alone; films a second."""
    from edge_app.imaging import preprocess
    from edge_app.workers import pipeline

    limits = classifier.card.limits("refer")
    cores = os.cpu_count() or 1
    with DecodePool(preprocess.least_side(classifier.card.size), children=cores, awake=cores) as decoders:
        _last(decoders.films(films[:20]))
        _last(pipeline.results(films[:20], classifier, pool, limits))
        networks, seconds = _networks(classifier), {"decode": 0.0, "networks": 0.0, "ours": 0.0}
        for start in range(0, len(films), 50):  # in turn, so that a busy moment of the machine meets all
            part = films[start : start + 50]
            seconds["decode"] += _seconds(lambda part=part: _last(decoders.films(part)))
            seconds["networks"] += _seconds(lambda part=part: [networks() for _ in part])
            seconds["ours"] += _seconds(lambda part=part: _last(pipeline.results(part, classifier, pool, limits)))
    rates = {name: len(films) / spent for name, spent in seconds.items()}
    return rates | {"films": len(films), "ratio": rates["ours"] / min(rates["decode"], rates["networks"])}


def memory(films: list[Path], classifier, pool: DecodePool) -> dict:
    """Measure the memory of all processes over many films: the peak in the first tenth, and the whole peak."""
    from edge_app.bench import process_stats
    from edge_app.workers import pipeline

    seen = []
    for number, _ in enumerate(pipeline.results(films, classifier, pool, classifier.card.limits("refer"))):
        if number % 10 == 0:
            seen.append(process_stats.memory_mb(os.getpid()))
    first = seen[: max(1, len(seen) // 10)]
    return {
        "films": len(films),
        "rss_mb": max(rss for rss, _ in seen),
        "pss_mb": max(pss for _, pss in seen),
        "rss_mb_first_tenth": max(rss for rss, _ in first),
        "pss_mb_first_tenth": max(pss for _, pss in first),
    }


def report(figures: dict) -> str:
    """Return the figures as a Markdown table."""
    start, folder, held = figures["cold"], figures["folder"], figures["memory"]
    lines = ["| what | ours | compared with | ratio | allowed |", "| --- | --- | --- | --- | --- |"]
    bare = f"{start['bare_seconds'] * 1000:.0f} ms, imports and two interpreters"
    lines.append(f"| cold start | {start['ours_seconds'] * 1000:.0f} ms | {bare} | {start['ratio']:.2f} | {COLD} |")
    for name, warm_ in figures.items():
        if "floor_ms" in warm_:
            floor = f"{warm_['floor_ms']:.1f} ms, {warm_['fastest'].removesuffix('_ms')} and networks"
            lines.append(f"| {name}, warm | {warm_['ours_ms']:.1f} ms | {floor} | {warm_['ratio']:.2f} | {WARM} |")
    alone = f"decoding {folder['decode']:.0f} a second, networks {folder['networks']:.0f}"
    what = f"{folder['films']} films"
    lines.append(f"| {what} | {folder['ours']:.0f} a second | {alone} | {folder['ratio']:.2f} | {FOLDER} |")
    first = f"{held['rss_mb_first_tenth']:.0f} MB in the first tenth (PSS {held['pss_mb_first_tenth']:.0f})"
    ours = f"{held['rss_mb']:.0f} MB (PSS {held['pss_mb']:.0f})"
    grown = held["rss_mb"] / held["rss_mb_first_tenth"]
    lines.append(f"| memory of all, {held['films']} films | {ours} | {first} | {grown:.2f} | {MEMORY_MB} MB |")
    return "\n".join(lines)


def _enlarged(folder: Path) -> list[Path]:
    """Write the sample film, enlarged, in the sizes and formats of `USUAL` and `LARGE`."""
    import cv2
    import numpy as np

    from edge_app.imaging import radiograph
    from edge_app.sources import sample

    grey = radiograph.read(sample.path())
    noise = np.random.default_rng(0)
    paths = []
    for name, width, height in (USUAL, *LARGE):
        large = cv2.resize(grey, (width, height), interpolation=cv2.INTER_CUBIC)
        # A sensor's noise: an enlarged film without it is smaller, and decoded faster, than any real one.
        large = np.clip(large + noise.normal(0, 2, large.shape), 0, 255).astype(np.uint8)
        paths.append(folder / name)
        cv2.imwrite(str(paths[-1]), large)
    return paths


def _decoders(path: Path) -> dict[str, Callable]:
    """Return what decodes a film to grey at the size that the networks need, by name."""
    import cv2
    import numpy as np
    from PIL import Image

    half = path.suffix == ".jpg"

    def opencv():
        how = cv2.IMREAD_REDUCED_GRAYSCALE_2 if half else cv2.IMREAD_GRAYSCALE
        return cv2.imdecode(np.fromfile(path, np.uint8), how)

    def pillow():
        with Image.open(path) as picture:
            if half:
                picture.draft("L", (picture.width // 2, picture.height // 2))
            return np.asarray(picture.convert("L"))

    return {"decode by OpenCV": opencv, "decode by Pillow": pillow}


def _networks(classifier) -> Callable:
    """Return what runs both networks, on pixels that are ready."""
    import numpy as np

    from edge_app.imaging.preprocess import LUNG_SIZE

    noise = np.random.default_rng(0)
    whole, lungs = (noise.integers(0, 256, (size, size, 1), np.uint8) for size in (LUNG_SIZE, classifier.card.size))
    return lambda: (classifier.look(whole), classifier.judge(lungs))


def _seconds(call: Callable) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _last(films) -> None:
    """Exhaust an iterator; print the error of a film that could not be decoded."""
    for film in films:
        if isinstance(film, tuple) and not isinstance(film[1], Decoded):
            print(film[1], file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
