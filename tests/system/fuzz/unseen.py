"""Damage that no decoder saw: `python -m tests.system.fuzz.unseen`, after `campaign`.

Of each changed film that has a verdict: how many grey levels its picture is from the whole film's, and whether the
whole film has the same verdict. Pictures of those that differ lie in OUT/unseen, damaged above whole.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from edge_app.errors import EdgeError, UnreadableRadiograph
from edge_app.imaging import preprocess, radiograph
from edge_app.install import model_registry
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from tests.system.fuzz import campaign, packages
from tests.system.fuzz.inputs import Inputs
from tests.system.fuzz.ways import VERDICT

# Grey levels, the mean over the film, from which a person sees that something is wrong.
SEEN = 2


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of collections, as of `campaign`")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), metavar="DIR", help="of the campaign")
    parser.add_argument("--radamsa", type=Path, default=Path(".venv-fuzz/bin/python"), help="a Python that has it")
    args = parser.parse_args()
    scratch, kept = args.out / "scratch", args.out / "unseen"
    kept.mkdir(exist_ok=True)
    inputs = Inputs.of(packages.fetched(args.out / "packages")[0], args.data, scratch, args.radamsa)
    judge = Judge()
    counts: dict[str, Counter[str]] = {}
    for row in campaign.read(args.out):
        if row.end != VERDICT or not row.kind.endswith("a film"):
            continue
        try:
            grey, _ = judge(inputs[row.number].content)
        except UnreadableRadiograph:  # this program sees more than that of the campaign did
            counts.setdefault(_kind(row.name, row.format), Counter())["now refused"] += 1
            continue
        whole, verdict = judge(inputs.whole(row.number))
        apart = np.abs(grey.astype(int) - whole).mean() if grey.shape == whole.shape else 255.0
        found = counts.setdefault(_kind(row.name, row.format), Counter())
        found.update({"judged": 1, "seen": int(apart >= SEEN), "other": int(verdict != row.words)})
        if apart >= SEEN or verdict != row.words:
            Image.fromarray(grey).save(kept / f"{row.number}.png")
            Image.fromarray(whole).save(kept / f"{row.number}-whole.png")
            print(f"{row.number} {row.name}: {row.words}, whole: {verdict}; {apart:.1f} grey levels", flush=True)
    inputs.close()
    print(
        "", "| format | judged | a person would see it | another verdict | now refused |", "|" + " --- |" * 5, sep="\n"
    )
    for name, found in [*sorted(counts.items()), ("all", sum(counts.values(), Counter()))]:
        print(f"| {name} | {found['judged']} | {found['seen']} | {found['other']} | {found['now refused']} |")
    return 0


class Judge:
    """Judges the bytes of a film."""

    def __init__(self):
        self._classifier = Classifier(model_file.read(model_registry.released()))
        self._limits = self._classifier.card.limits("refer")
        self._side = preprocess.least_side(self._classifier.card.size)

    def __call__(self, content: bytes) -> tuple[np.ndarray, str]:
        """Return the picture, uint8 (H, W), and its verdict."""
        grey = np.array(radiograph.decode(Path("film"), content, self._side).picture)
        try:
            return grey, screening.judge(grey.copy(), self._classifier, self._limits, None).verdict
        except EdgeError:
            return grey, "sentence"


def _kind(name: str, format: str) -> str:
    more = "12 bits" if "12 bits" in name else "JPEG inside" if format == "TIFF" and name.endswith("jpeg") else ""
    return f"{format}, {more}" if more else format


if __name__ == "__main__":
    sys.exit(main())
