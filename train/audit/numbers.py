"""Every number of the report, in the report's order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from train.audit import (
    ablations,
    appearance,
    blackout,
    controls,
    detectors_left_out,
    groups,
    leave_one_source_out,
    localised,
    mistakes,
    network,
    other_sources,
    source_probe,
    sources,
    stability,
)
from train.audit.array_cache import ArrayCache, key
from train.audit.audited import DEFAULT_RULE, AuditedFilms, AuditedRun, cases_and_controls
from train.evaluation import calibration, hospitals
from train.index import detectors
from train.reporting import provenance


@dataclass(frozen=True)
class Seen:
    """What the audited network answers, and what is known of the films.

    Attributes:
        tested: int (T,), the rows of the test films among all films.
        scores: float32 (T,), of COVID-19, of the test films as they are.
        embedding: float32 (N, features), of all films.
    """

    tested: np.ndarray
    scores: np.ndarray
    embedding: np.ndarray


# Gives the embedding of films by path, (M, features), from a cache or into it: of a network that is compared.
Embedding = Callable[[Sequence[str], ArrayCache], np.ndarray]


def measure(run: AuditedRun, films: AuditedFilms, others: Mapping[str, Embedding], within: str) -> dict:
    """Return every number of the report, ready for JSON.

    Args:
        run: the audited run.
        films: as its network sees them.
        others: embeddings that are compared, by name.
        within: the source whose labels share their hospitals.
    """
    cache = ArrayCache(run.folder / "audit")
    tested = films.rows(run.test["path"])
    own = _look(source_probe.OWN, run, films, cache)
    seen = Seen(tested, own.scores[tested, run.labels.index("covid")], own.embedding)
    features = controls.features(films, cache)
    embeddings = _embeddings(seen, features, films, others, cache)
    return {
        **_about(run, films, within, seen),
        **_by_source(run),
        **_left_out(run, films),
        "appearance": _appearance(run),
        "localisation": localised.measure(run, films, cache),
        "blackout": _blackout(run, films, within, seen, cache),
        "controls": controls.measure(features, films.films, within, run.sources, cache),
        "source_classifier": source_probe.measure(embeddings, films.films, cache),
        "groups": _groups(run, films, tested),
        "calibration": calibration.measure(run.test, run.temperature),
        "stability": _stability(run, films, seen, cache),
        "mistakes": mistakes.measure(run.test, run.threshold),
    }


def _about(run: AuditedRun, films: AuditedFilms, within: str, seen: Seen) -> dict:
    """Return what was audited, and how well the network, run again, agrees with its own record."""
    return {
        "run": str(run.folder),
        "commit": provenance.commit(),
        "config": run.record["config"],
        "index_sha256": run.record["index_sha256"],
        "within": within,
        "sources": run.sources,
        "films": len(films.films),
        "lungs_found": None if films.whole_masks is None else int(films.whole_masks.any(axis=(1, 2)).sum()),
        # The network, run again on the films at hand, against scores.csv: if they differ, films or contract changed.
        "largest_difference": float(np.abs(seen.scores - run.test["score_covid"]).max()),
        "operating_points": run.record["metrics"].get("operating_points"),
    }


def _by_source(run: AuditedRun) -> dict:
    """Return figures of the test films, of all films out of fold, and of sources left out; None without scores."""
    crossfit, left_out = run.table("crossfit.csv"), run.table("without.csv")
    return {
        "test": sources.measure(run.test, run.labels, run.thresholds),
        "crossfit": None if crossfit is None else sources.measure(crossfit, run.labels, run.thresholds),
        "without": None if left_out is None else leave_one_source_out.measure(left_out, run.threshold),
    }


def _left_out(run: AuditedRun, films: AuditedFilms) -> dict:
    """Return what trainings without a detector, and the network itself on sources it never learnt from, give."""
    learnt = films.films.loc[films.films["source"].isin(run.sources)]
    expected, parts = detectors.with_both(learnt), hospitals.of_detectors(run.folder)
    found = {"detectors": detectors_left_out.measure(parts, expected, run.labels, DEFAULT_RULE), "other_sources": None}
    if run.points:
        table = run.held_out(learnt=False)
        child = groups.children(films.films.iloc[films.rows(table["path"])])
        validation = run.held_out("val", learnt=False)
        found["other_sources"] = other_sources.measure(table, validation, child, run.labels, run.points)
    return found


def _appearance(run: AuditedRun) -> dict | None:
    """Return the figures by appearance, with those out of fold; None without an appearance or an operating point."""
    path = run.folder / "crossfit.csv"
    crossfit = pd.read_csv(path, keep_default_na=False) if path.is_file() else None
    return appearance.measure(run.held_out(), crossfit, run.labels, run.points) if run.points else None


def _blackout(run: AuditedRun, films: AuditedFilms, within: str, seen: Seen, cache: ArrayCache) -> dict:
    covid = run.labels.index("covid")
    left = {name: scores[:, covid] for name, scores in blackout.scores(run, films, cache).items()}
    return blackout.measure(run.test, {blackout.AS_IT_IS: seen.scores, **left}, run.threshold, within)


def _embeddings(seen: Seen, features: dict, films: AuditedFilms, others: Mapping, cache: ArrayCache) -> dict:
    """Return the embedding of every film by network: the audited one, ImageNet's, and others."""
    found = {source_probe.OWN: seen.embedding, source_probe.IMAGENET: features[ablations.WHOLE]}
    return found | {name: embedding(films.films["path"], cache) for name, embedding in others.items()}


def of_run(name: str, other: AuditedRun, its_films: AuditedFilms) -> Embedding:
    """Return the embedding of another run."""
    return lambda paths, cache: _look(name, other, its_films, cache).embedding[its_films.rows(paths)]


def _groups(run: AuditedRun, films: AuditedFilms, tested: np.ndarray) -> dict:
    """Return the figures of subgroups of the test films, and of all films out of fold or None."""
    divided, crossfit = groups.columns(films.films, films.words), run.table("crossfit.csv")
    found = {"test": groups.measure(run.test, divided.iloc[tested], run.threshold), "crossfit": None, "elsewhere": None}
    elsewhere = cases_and_controls(run.held_out(learnt=False))
    if len(elsewhere):
        found["elsewhere"] = groups.measure(elsewhere, divided.iloc[films.rows(elsewhere["path"])], run.threshold)
    if crossfit is not None:
        found["crossfit"] = groups.measure(crossfit, divided.iloc[films.rows(crossfit["path"])], run.threshold)
    return found


def _stability(run: AuditedRun, films: AuditedFilms, seen: Seen, cache: ArrayCache) -> dict:
    """Return how scores move with the pixels, and between films of one patient."""
    covid = run.labels.index("covid")
    moved = {name: scores[:, covid] for name, scores in stability.scores(run, films, cache).items()}
    patients = run.test.assign(patient=films.films["patient"].to_numpy()[seen.tested])
    return {
        "changes": stability.measure(run.test, seen.scores, moved, run.threshold),
        "films": stability.between_films(patients, run.threshold),
    }


def _look(name: str, run: AuditedRun, films: AuditedFilms, cache: ArrayCache) -> network.ScoresAndEmbeddings:
    """Return what the network of a run answers to all films."""

    def look():
        return network.answers(run.network, lambda span: films.pixels[span], len(films.films), f"network, {name}")

    return network.split(cache.get(f"look {name}", key(run.model_key, films.pixels_key), look), len(run.labels))
