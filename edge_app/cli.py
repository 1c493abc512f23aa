"""The command line: `python -m edge_app classify PATH...`."""

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

from edge_app import __version__
from edge_app.card import RULES
from edge_app.errors import EdgeError, UnreadableRadiograph, WrongUsage

MODEL = Path(__file__).parent.parent / "models" / "covid-xray-lite0-int8.tflite"
# Below this a progress bar is gone before it is seen.
LEAST_FOR_PROGRESS = 20
EXAMPLES = """\
examples:
  python -m edge_app classify film.png
  python -m edge_app classify ward/ night-shift/ --csv results.csv
  python -m edge_app classify inbox/ --json | grep -v '"no finding suspected"'

exit code: 0 all films read, 1 some could not be, 2 wrong usage or a model that is not ours
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, PTH123 (it lives as long as the process)
        getattr(sys, name).reconfigure(errors="backslashreplace")  # a file's name may hold bytes that are no text
    args = _parser().parse_args(arguments)
    try:
        code = args.func(args)
        print(end="", flush=True)  # here, so that a reader that has gone is met below and not at exit
        return code
    except EdgeError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:  # the reader of our output has gone (`| head`)
        _silence_stdout()
        return 128 + signal.SIGPIPE
    except OSError as error:  # films and models report theirs as EdgeError: only output is left
        _silence_stdout()
        print(f"results: cannot be written ({error.strerror}); make room, or write them elsewhere.", file=sys.stderr)
        return 2


def _silence_stdout() -> None:
    """Send what is left to nowhere: Python would complain once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edge_app", description="COVID-19 screening of chest radiographs.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--model", type=Path, default=MODEL, help="model file (default %(default)s)")
    common.add_argument("--threads", type=_count, default=min(4, os.cpu_count() or 1), help="(default %(default)s)")
    common.add_argument("--json", action="store_true", help="one JSON object a line on stdout")

    classify = subparsers.add_parser(
        "classify",
        parents=[common],
        help="give a verdict on films and folders of films",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    classify.add_argument("paths", type=Path, nargs="*", metavar="PATH", help="film or folder (default: a sample film)")
    classify.add_argument("--csv", type=Path, metavar="FILE", help="write the results to this file too")
    classify.add_argument(
        "--operating-point",
        choices=RULES,
        default=RULES[0],
        help="rule for COVID-19: sensitive misses few patients, balanced has the one threshold that errs least, refer "
        "has two strict ones and says 'unsure' between them (default %(default)s)",
    )
    classify.add_argument(
        "--prevalence",
        metavar="SHARE",
        help="share of COVID-19 among the people filmed, such as 0.05: say how often a verdict is right there (PPV and "
        "NPV), above the table or as 'ppv' and 'npv' in every line of --json",
    )
    classify.set_defaults(func=_classify)

    bench = subparsers.add_parser("bench", parents=[common], help="time decode, lungs, crop and invoke on this device")
    bench.add_argument("paths", type=Path, nargs="*", metavar="FILM", help="films (default: a sample)")
    bench.set_defaults(func=_bench)
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of threads; 1 to 64 are allowed")
    return int(text)


def _classify(args) -> int:
    from edge_app import bundle, classifier, prevalence, report, sample, sources

    stated = None if args.prevalence is None else prevalence.read(args.prevalence)
    found = sources.expand(args.paths or [sample.path()])
    model = bundle.read(args.model)
    card = model.card
    # realpath: Path.resolve raises on links that go round.
    if args.csv and os.path.realpath(args.csv) in map(os.path.realpath, (*found.films, args.model)):
        raise WrongUsage(f"--csv: '{args.csv}' would overwrite what is read; name another file.")
    csv_file = report.Csv(args.csv, card.labels) if args.csv else None
    one = classifier.Classifier(model, args.threads)
    limits = card.limits(args.operating_point)
    point = card.operating_points[args.operating_point]["covid"]
    values = prevalence.of_point(point.figures, stated) if stated else None
    if args.json:
        sinks = [report.JsonLines(values)]
    else:
        worth = values and report.worth(values, stated, banded=limits[1] is not None)
        sinks = [report.Table(card, one.runtime, args.operating_point, worth)]
    if csv_file:
        sinks.append(csv_file)
    failed = False
    results = [report.Result(path, error=sentence) for path, sentence in found.problems]
    for result in _progress(results, (_film(path, one, limits) for path in found.films), len(found.films)):
        if result.error:
            failed = True
            _complain(report.printable(result.error))
        for sink in sinks:
            sink.add(result)
    for sink in sinks:
        sink.close()
    if found.skipped:
        print(f"{found.skipped} in folders passed over: neither picture nor DICOM.", file=sys.stderr)
    return 1 if failed else 0


def _film(path: Path, one, limits):
    """Classify one film. Whatever happens to it becomes a result, so that the films after it are still read."""
    from edge_app import decision, preprocess, radiograph, reading, report

    started = time.perf_counter()
    try:
        grey = radiograph.read(path, preprocess.least_side(one.card.size))
        seen = reading.read(grey, one)
        verdict = decision.decide(seen.scores, *limits)
    except UnreadableRadiograph as error:
        sentence = str(error)  # the contract knows no files, and so names none
        return report.Result(path, error=sentence if sentence.startswith(str(path)) else f"{path}: {sentence}.")
    except EdgeError as error:
        return report.Result(path, error=str(error))
    except Exception as error:  # the guard of a long run: one film never stops the others
        fault = f"{type(error).__name__}: {error}"
        return report.Result(path, error=f"{path}: failed inside this program ({fault}); report it.")
    return report.Result(path, verdict, seen, ms=(time.perf_counter() - started) * 1000)


def _complain(sentence: str) -> None:
    """Print on stderr, above the progress bar if there is one."""
    bar = sys.modules.get("tqdm")
    (bar.tqdm.write if bar else print)(sentence, file=sys.stderr)


def _progress(first, rest, total: int):
    """Yield all results, with a bar on stderr if a person watches a long run and its rows go elsewhere."""
    yield from first
    if total < LEAST_FOR_PROGRESS or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from rest
        return
    from tqdm import tqdm

    yield from tqdm(rest, total=total, unit="film")


def _bench(args) -> int:
    from edge_app import bench, bundle, classifier, sample, sources

    found = sources.expand(args.paths or [sample.path()])
    if found.problems:
        raise WrongUsage(found.problems[0][1])
    one = classifier.Classifier(bundle.read(args.model), args.threads)
    rows = bench.measure(found.films, one)
    if args.json:
        print(json.dumps({"runtime": one.runtime, "films": rows, "peak_memory_mb": bench.peak_memory_mb()}))
    else:
        print(f"model {one.card.name} on {one.runtime}, {args.threads} threads")
        print(bench.table(rows, bench.peak_memory_mb()))
    return 0
