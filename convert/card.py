"""The card: what a `.tflite` says of itself. Built from a run's record and from what the file itself measured."""

from edge_app import preprocess

TASK = "COVID-19, other pneumonia or no finding on a frontal chest radiograph (PA or AP)"
LICENCE = "Apache-2.0; trained on public collections whose films carry their own licences, see models/README.md"
# The ops of these files, class maps first, all open in the last tflite-runtime (tested).
MINIMUM_RUNTIME = "2.14"


def build(record: dict, kind: str, measured: dict) -> dict:
    """Return the card of one file; `edge_app.bundle.pack` adds the hash.

    Args:
        record: `run.json` of the training run.
        kind: `float32` or `int8`.
        measured: from `train.evaluate.measure` on the scores this very file gave, plus `agreement`.
    """
    labels = record["config"]["labels"]
    points = {
        label: {
            "threshold": measured["thresholds"][label],
            "rule": measured["rules"][label],
            "sensitivity": measured["own"][label]["sensitivity"],
            "specificity": measured["own"][label]["specificity"],
        }
        for label in measured["thresholds"]
    }
    return {
        "name": f"{record['config']['model']}-{kind}",
        "task": TASK,
        "labels": list(labels),
        "preprocess": record["preprocess"] | {"size": record["config"]["size"]},
        "operating_points": points,
        "minimum_runtime": MINIMUM_RUNTIME,
        "training": {name: record[name] for name in ("config", "index_sha256", "films", "backend", "commits")},
        "metrics": {name: measured[name] for name in ("validation", "test", "agreement")},
        "versions": record["versions"],
        "licence": LICENCE,
    }


def check_contract(record: dict) -> None:
    """Refuse a run that was trained under another preprocessing contract than this checkout's.

    Raises:
        ValueError: the fingerprints differ.
    """
    saved, size = record["preprocess"], record["config"]["size"]
    if not preprocess.same_fingerprint(saved["fingerprint"], preprocess.fingerprint(size)):
        raise ValueError(
            f"the run was trained with preprocessing contract {saved['contract']} and another fingerprint; "
            f"this checkout has contract {preprocess.CONTRACT_VERSION}; train again"
        )
