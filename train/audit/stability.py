"""How much a score moves when nothing of the patient does: another position, exposure, compression, another film."""

from itertools import combinations

import cv2
import numpy as np

from train.audit import network
from train.audit.array_cache import key
from train.evaluation import intervals
from train.reporting import wording


def _warp(turn: float = 0.0, zoom: float = 1.0, right: float = 0.0, down: float = 0.0):
    """Return a change: turned by degrees, zoomed, shifted by shares of the side; what comes in repeats the border."""

    def change(grey):
        size = grey.shape[0]
        matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), turn, zoom)
        matrix[:, 2] += (right * size, down * size)
        return cv2.warpAffine(grey, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)

    return change


def _gamma(power: float):
    table = ((np.arange(256) / 255) ** power * 255).round().astype(np.uint8)
    return lambda grey: table[grey]


def _jpeg(quality: int):
    def change(grey):
        done, coded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
        assert done
        return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)

    return change


# Each takes and returns uint8 (S, S). Sizes as technicians and file formats differ, within what training may show.
CHANGES = {
    "shifted right by 4 %": _warp(right=0.04),
    "shifted down by 4 %": _warp(down=0.04),
    "zoomed in by 8 %": _warp(zoom=1.08),
    "zoomed out by 8 %": _warp(zoom=1 / 1.08),
    "turned left by 5 degrees": _warp(turn=5),
    "turned right by 5 degrees": _warp(turn=-5),
    "brighter (gamma 0.8)": _gamma(0.8),
    "darker (gamma 1.25)": _gamma(1.25),
    "JPEG, quality 70": _jpeg(70),
    "JPEG, quality 40": _jpeg(40),
}


def scores(run, seen_films, cache) -> dict[str, np.ndarray]:
    """Return {change: float32 (T, labels)}, the network's scores of the changed test films."""
    rows = seen_films.rows(run.test["path"])
    found = {}
    for name, change in CHANGES.items():

        def pictures(span, change=change):
            return np.stack([change(film) for film in seen_films.pixels[rows[span]][..., 0]])[..., np.newaxis]

        def look(name=name, pictures=pictures):
            return network.answers(run.network, pictures, len(rows), f"network, {name}")[:, : len(run.labels)]

        found[name] = cache.get(f"stability {name}", key(run.model_key, seen_films.pixels_key, name), look)
    return found


def measure(table, before: np.ndarray, covid_scores: dict[str, np.ndarray], threshold: float) -> dict:
    """Return for each change AUC, the mean and the 95th percentile of |score change|, and the share of turned verdicts.

    Args:
        table: the test films.
        before: float (T,), the scores of the films as they are.
        covid_scores: change -> float (T,).
        threshold: of the score.
    """
    positive, groups = (table["label"] == "covid").to_numpy(), table["group"].to_numpy()
    found = {}
    for name, after in covid_scores.items():
        moved = np.abs(after - before)
        found[name] = {
            "auc": intervals.auc(positive, after, groups),
            "mean": intervals.mean(moved, groups),
            "p95": float(np.percentile(moved, 95)),
            "turned": intervals.share((after >= threshold) != (before >= threshold), groups),
        }
    return found


def between_films(table, threshold: float) -> dict:
    """Compare films of one patient with films of different patients, within a source and label.

    Args:
        table: scores with source, label, patient, group and score_covid.
        threshold: of the score.

    Returns:
        By source: patients and pairs, `same` and `different`, each with the mean |score difference| and the share of
        pairs with two verdicts. Disease and technique change between films of a patient, so `same` is not error alone;
        `different` says how much of it a stranger would show.
    """
    found = {}
    for source, films in table.groupby("source"):
        if films["patient"].is_unique:
            continue
        pairs = [
            pair
            for _, alike in films.groupby("label")
            for pair in combinations(alike[["patient", "group", "score_covid"]].itertuples(index=False), 2)
        ]
        same = [pair for pair in pairs if pair[0].patient == pair[1].patient]
        if same:
            strangers = [pair for pair in pairs if pair[0].group != pair[1].group]
            found[source] = {
                "patients": len({pair[0].patient for pair in same}),
                "pairs": len(same),
                "same": _differences(same, threshold),
                "different": _differences(strangers, threshold),
            }
    return found


def show(page, numbers: dict) -> None:
    """Write the chapter; `numbers` has `changes` and `films`."""
    section = page.section(
        "Stability",
        "How far the COVID-19 score moves when the patient stays the same. Changes are made to the pixels the network "
        "sees, so a step before it that finds the lungs is not credited for undoing a shift.",
    )
    section.table(
        ("test films", "AUC", "mean change of score", "95 % change less than", "verdict turned"),
        [
            (
                name,
                wording.text(figure["auc"]),
                wording.text(figure["mean"]),
                f"{figure['p95']:.3f}",
                wording.text(figure["turned"]),
            )
            for name, figure in numbers["changes"].items()
        ],
        "COVID-19 score and verdict against those of the film as it is.",
    )
    section.heading("Films of one patient")
    section.text(
        "Pairs of test films of one patient with the same label, beside pairs of different patients of the same source "
        "and label. A patient's disease changes between films too; the second figure says what two strangers differ by."
    )
    section.table(
        ("source", "patients, pairs", "score difference, same", "different", "two verdicts, same", "different"),
        [
            (
                source,
                f"{figure['patients']}, {figure['pairs']}",
                *(wording.text(figure[who]["difference"]) for who in ("same", "different")),
                *(wording.text(figure[who]["turned"]) for who in ("same", "different")),
            )
            for source, figure in numbers["films"].items()
        ],
    )


def _differences(pairs, threshold):
    if not pairs:
        return {"difference": None, "turned": None}
    one, other = (np.array([pair[at].score_covid for pair in pairs]) for at in (0, 1))
    groups = np.array([pair[0].group for pair in pairs], dtype=object)
    return {
        "difference": intervals.mean(np.abs(one - other), groups),
        "turned": intervals.share((one >= threshold) != (other >= threshold), groups),
    }
