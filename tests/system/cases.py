"""Films of reported faults behave as the table beside them says: `python -m tests.system.cases FOLDER`.

The folder's README.md has the table, whose right-hand column says what is right; the rules below are that column. Each
file is read where it lies, as `classify` reads it, and one line says of it whether it behaves. The exit code is 1 if
one does not, or has no rule. With `--model FILE` each film that is to be read as another is also judged as that one is.
"""

import argparse
import sys
from collections import namedtuple
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from edge_app.errors import EdgeError
from edge_app.gate import gate, picture_checks, refusal
from edge_app.imaging import file_type, preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from tests.support.sentences import PYTHON

# Side, in pixels, at which films are compared, as the networks see them; and how many grey levels two may be apart: a
# lossy JPEG of the base film is 2, and so is its copy of 8 bits.
SIDE, APART = 192, 3
# The share of a film that may be padding, and then black.
MOST_PADDED = 0.1


class Case(namedtuple("Case", "film fault")):
    """A file that was read: `film`, of `radiograph.decode`, or `fault`, why it was not."""


Rule = Callable[[Case, Callable[[str], Case]], str]


def read(path: Path) -> Case:
    """Read a file as `classify` does."""
    try:
        return Case(radiograph.decode(path, file_type.content(path)), None)
    except EdgeError as error:
        return Case(None, error)


def same_as(name: str, case: Case, others: Callable[[str], Case]) -> str:
    """Say how a film differs from another; "" if it does not."""
    if case.fault:
        return f"was not read: {case.fault}"
    grey, other = (np.asarray(one.film.picture) for one in (case, others(name)))
    if grey.shape != other.shape:
        return f"has {grey.shape} pixels, not {other.shape}"
    pixels, expected = (preprocess.to_pixels(one, SIDE).astype(int) for one in (grey, other))
    apart = np.abs(pixels - expected).max()
    return f"differs by {apart} grey levels" if apart > APART else ""


def padded(name: str, case: Case, others: Callable[[str], Case]) -> str:
    """Say how a film of which a part is padding differs from another; "" if all the rest is the same."""
    if case.fault:
        return f"was not read: {case.fault}"
    grey, other = (np.asarray(one.film.picture).astype(int) for one in (case, others(name)))
    differs = np.abs(grey - other) > 1
    if grey[differs].any():
        return f"differs by {np.abs(grey - other)[grey > 0].max()} grey levels where it is not padded"
    return f"{differs.mean():.0%} of it are black" if not 0 < differs.mean() < MOST_PADDED else ""


def whole(case: Case, others: Callable[[str], Case]) -> str:
    """Say why a film was not read; "" if it was."""
    return f"was not read: {case.fault}" if case.fault else ""


def adult(case: Case, others: Callable[[str], Case]) -> str:
    """Say why the base film is refused as a child's; "" if it is not."""
    found = same_as(BASE, case, others)
    return found or ("is refused as a child's" if gate.of_age(case.film.age) else "")


def damaged(case: Case, others: Callable[[str], Case]) -> str:
    """Say that damage was not seen; "" if it was."""
    if not case.fault:
        return "was read without a word"
    return "" if "damaged" in str(case.fault) else f"is not called damaged: {case.fault}"


def few_levels(case: Case, others: Callable[[str], Case]) -> str:
    """Say that the gate does not see a scan in black and white; "" if it does."""
    if case.fault:
        return f"was not read: {case.fault}"
    why = picture_checks.check(np.asarray(case.film.picture), None, {})[1]
    return "" if why and why.kind == refusal.LEVELS else "is not refused for its few grey levels"


BASE = "plain12.dcm"
READ_AS_BASE = (
    "bad_crc_text.png deflated.dcm highbit15.dcm htj2k12.dcm j2k_signed_says_unsigned.dcm jpeg12.jpg jpeg_ext12.dcm "
    "jpeg_lossless_sv1_12.dcm meta_no_syntax.dcm modlut_12bit_pydicom2317.dcm modlut_empty_item_leadtools.dcm "
    "no_meta_explicit.dcm no_meta_implicit.dcm no_sequence_delimiter.dcm palette_grey.dcm "
    "part_CXR.dcm part_TORAX_acute.dcm part_UNKNOWN.dcm sc_rgb_grey.dcm voilut_8bit_bytes.dcm voilut_empty_item.dcm "
    "windowtext_comma.dcm windowtext_text.dcm"
)
RULES: dict[str, Rule] = {
    BASE: whole,
    "damaged_07_whole.jpg": whole,
    "onebit_19_whole.png": whole,
    "damaged_07_4k_zeroed.jpg": damaged,
    "damaged_a.jpg": damaged,
    "damaged_half_gone_with_eoi.jpg": damaged,
    "onebit_19.png": few_levels,
    "padding_us_of_signed.dcm": partial(padded, BASE),
    "age_000Y.dcm": adult,
    "age000Y_but_born1950.dcm": adult,
    **{name: partial(same_as, BASE) for name in READ_AS_BASE.split()},
}


def check(folder: Path) -> dict[str, str]:
    """Return for each film in a folder what is wrong with how it behaves; "" if nothing is."""

    def other(name: str) -> Case:
        return read(folder / name)

    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == ".md":
            continue
        case = read(path)
        wrong = RULES[path.name](case, other) if path.name in RULES else "has no rule here: add one"
        if case.fault and (words := PYTHON.search(str(case.fault))):
            wrong = f"is refused in Python's words, {words[0]!r}: {case.fault}"
        found[path.name] = wrong
    return found


def judged(folder: Path, model: Path) -> dict[str, str]:
    """Return for each film that is to be read as the base film how its verdict differs; "" if it does not."""
    classifier = Classifier(model_file.read(model))
    least_side = preprocess.least_side(classifier.card.size)

    def verdict(name: str) -> str:
        film = radiograph.decode(folder / name, file_type.content(folder / name), least_side)
        grey = np.asarray(film.picture).copy()
        return screening.judge(grey, classifier, classifier.card.limits("refer"), film.age).verdict

    expected = verdict(BASE)
    names = [name for name in RULES if name in READ_AS_BASE.split() and (folder / name).exists()]
    return {name: "" if (found := verdict(name)) == expected else f"{found}, not {expected}" for name in names}


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the films and the README.md that tells of them")
    parser.add_argument("--model", type=Path, help="a model file: compare verdicts too")
    args = parser.parse_args()
    found = check(args.folder)
    if args.model:
        verdicts = judged(args.folder, args.model)
        found = {name: wrong or verdicts.get(name, "") for name, wrong in found.items()}
    for name, wrong in found.items():
        print(f"{'wrong' if wrong else 'right':6}{name}{': ' if wrong else ''}{wrong}")
    print(f"{sum(not wrong for wrong in found.values())} of {len(found)} behave")
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main())
