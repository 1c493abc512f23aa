"""Every number of the report, in the report's order."""

import numpy as np

from train.audit import (
    ablations,
    blackout,
    controls,
    groups,
    leave_one_source_out,
    mistakes,
    network,
    source_probe,
    sources,
    stability,
)
from train.audit.store import Store, key
from train.evaluation import calibration
from train.reporting import provenance


def measure(audited, material, others: dict, within: str) -> dict:
    """Return every number of the report, ready for JSON.

    Args:
        audited: a `material.Run`.
        material: a `material.Material`, the films as its network sees them.
        others: name -> (run, material) of runs whose embeddings are compared.
        within: the source whose labels share their hospitals.
    """
    store = Store(audited.folder / "audit")
    test, thresholds = audited.test, audited.thresholds
    threshold, covid = thresholds["covid"], audited.labels.index("covid")
    crossfit, left_out = audited.table("crossfit.csv"), audited.table("without.csv")

    tested = material.rows(test["path"])
    own = _look(source_probe.OWN, audited, material, store)
    seen = own.scores[tested, covid]
    left = {name: scores[:, covid] for name, scores in blackout.scores(audited, material, store).items()}
    left = {blackout.AS_IT_IS: seen, **left}
    moved = {name: scores[:, covid] for name, scores in stability.scores(audited, material, store).items()}
    features = controls.features(material, store)
    embeddings = {source_probe.OWN: own.embedding, source_probe.IMAGENET: features[ablations.WHOLE]}
    for name, (run, films) in others.items():
        embeddings[name] = _look(name, run, films, store).embedding[films.rows(material.films["path"])]
    divided = groups.columns(material.films, material.words)
    return {
        "run": str(audited.folder),
        "commit": provenance.commit(),
        "config": audited.record["config"],
        "index_sha256": audited.record["index_sha256"],
        "within": within,
        "films": len(material.films),
        "lungs_found": None if material.masks is None else int(material.whole_masks.any(axis=(1, 2)).sum()),
        # The network, run again on the films at hand, against scores.csv: if they differ, films or contract changed.
        "largest_difference": float(np.abs(seen - test["score_covid"]).max()),
        "operating_points": audited.record["metrics"].get("operating_points"),
        "test": sources.measure(test, audited.labels, thresholds),
        "crossfit": None if crossfit is None else sources.measure(crossfit, audited.labels, thresholds),
        "without": None if left_out is None else leave_one_source_out.measure(left_out, threshold),
        "blackout": blackout.measure(test, left, threshold, within),
        "controls": controls.measure(features, material.films, within, store),
        "source_classifier": source_probe.measure(embeddings, material.films, store),
        "groups": {
            "test": groups.measure(test, divided.iloc[tested], threshold),
            "crossfit": None
            if crossfit is None
            else groups.measure(crossfit, divided.iloc[material.rows(crossfit["path"])], threshold),
        },
        "calibration": calibration.measure(test, audited.temperature),
        "stability": {
            "changes": stability.measure(test, seen, moved, threshold),
            "films": stability.between_films(
                test.assign(patient=material.films["patient"].to_numpy()[tested]), threshold
            ),
        },
        "mistakes": mistakes.measure(test, threshold),
    }


def _look(name, run, films, store):
    """Return what the network of a run answers to all films."""

    def look():
        return network.answers(run.network, lambda span: films.pixels[span], len(films.films), f"network, {name}")

    return network.split(store.get(f"look {name}", key(run.model_key, films.pixels_key), look), len(run.labels))
