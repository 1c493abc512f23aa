"""The card: what a `.tflite` says of itself. Built from a run's record and from what the file itself measured."""

from edge_app.imaging import preprocess
from edge_app.screening import prevalence

TASK = "COVID-19, other pneumonia or no finding on a frontal chest radiograph (PA or AP)"
LICENCE = (
    "Apache-2.0; learnt from films and labels that are for research and not for commerce (SIIM-FISABIO-RSNA, with "
    "RICORD's under CC BY-NC 4.0): see models/README.md"
)
# The ops of these files, class maps first, all open in the last tflite-runtime (tested).
MINIMUM_RUNTIME = "2.14"
# Shares of COVID-19 among the people filmed: screening, an outbreak, a fever clinic in one.
PREVALENCES = (0.01, 0.05, 0.2)

# Of `run.json`. The scores and class maps have the temperature already: it is folded into the last layer.
OPTIONAL = ("temperature", "places", "localisation")


def build(record: dict, variant, measured: dict) -> dict:
    """Return the card of one file; `edge_app.model.model_file.pack` adds the hash.

    Args:
        record: `run.json` of the training run; those of `OPTIONAL` that it has are copied.
        variant: of `convert.modelfile.variants`.
        measured: from `train.evaluation.evaluate.measure` on the scores this very file gave, plus `agreement`,
            `runtimes`, `golden`, the scores of its golden film, `gate`, the limits of `edge_app.gate.gate`, or None,
            and `camera`, of `convert.camera`, or None.
    """
    labels = record["config"]["labels"]
    points = measured["operating_points"]
    card = {
        "name": f"{record['config']['model']}-{variant.name}",
        "task": TASK,
        "labels": list(labels),
        "preprocess": record["preprocess"] | {"size": record["config"]["size"]},
        "operating_points": points,
        "expected": {
            rule: {str(share): prevalence.of_point(_shown(point["covid"]), share) for share in PREVALENCES}
            for rule, point in points.items()
        },
        "minimum_runtime": MINIMUM_RUNTIME,
        "runtimes": measured["runtimes"],
        "golden": measured["golden"],
        "gate": measured["gate"],
        "camera": measured["camera"],
        "training": {name: record[name] for name in ("config", "index_sha256", "films", "backend", "commits")},
        "metrics": {name: measured[name] for name in ("validation", "test", "agreement")},
        "versions": record["versions"],
        "licence": LICENCE,
    }
    known = {name: record[name] for name in OPTIONAL if record.get(name)}
    if "covid" not in known.get("places", {}):  # no film with boxes taught its map what a place shows
        known.pop("places", None)
    return card | known


def _shown(point: dict) -> dict:
    """Return the figures of an operating point that people are shown, as of `edge_app.model.card.OperatingPoint`."""
    return point["left_out"]["pooled"] if point.get("left_out") else point


def check_contract(record: dict) -> None:
    """Refuse a run that was trained under another preprocessing contract than this checkout's.

    Raises:
        ValueError: the fingerprints differ, or its films were not cropped and finished as on the edge.
    """
    saved, size = record["preprocess"], record["config"]["size"]
    if not preprocess.same_fingerprint(saved["fingerprint"], preprocess.fingerprint(size)):
        raise ValueError(
            f"the run was trained with preprocessing contract {saved['contract']} and another fingerprint; "
            f"this checkout has contract {preprocess.CONTRACT_VERSION}; train again"
        )
    for name, wanted in (("crop", "lungs"), ("outside", preprocess.OUTSIDE), ("levels", preprocess.LEVELS)):
        if saved[name] != wanted:
            raise ValueError(
                f"the run was trained with '--{name} {saved[name]}' and the edge shows its models films with "
                f"'--{name} {wanted}'; train again"
            )
