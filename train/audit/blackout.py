"""The network itself on films without lungs: it should know nothing then."""

import numpy as np

from train.audit import ablations, network
from train.audit.array_cache import key
from train.evaluation import intervals
from train.reporting import wording

# What the network is shown: the whole film, or its crop.
AS_IT_IS = "as it is"
CHANCE = 0.5


def sees_only_lungs(config: dict) -> bool:
    """Say whether all but the lungs is taken away anyway by a recipe, the `config` of a run's record."""
    return config.get("crop") == "lungs" and config["outside"] != "keep"


def scores(run, seen_films, cache) -> dict[str, np.ndarray]:
    """Return {name of the part: float32 (T, labels)}, the network's scores of test films of which a part is left."""
    rows = seen_films.rows(run.test["path"])
    found = {}
    for name, (change, needs_lungs) in ablations.ALL.items():
        if change is ablations.whole or (needs_lungs and seen_films.masks is None):
            continue

        def pictures(span, change=change):
            here = rows[span]
            lungs = None if seen_films.masks is None else seen_films.masks[here]
            return change(seen_films.pixels[here][..., 0], lungs)[..., np.newaxis]

        def look(name=name, pictures=pictures):
            return network.answers(run.network, pictures, len(rows), f"network, {name}")[:, : len(run.labels)]

        made_of = key(run.model_key, seen_films.pixels_key, name, seen_films.lungs_key * needs_lungs)
        found[name] = cache.get(f"network {name}", made_of, look)
    return found


def measure(table, covid_scores: dict[str, np.ndarray], threshold: float, within: str) -> dict:
    """Return for each part AUC, share called COVID-19, and how much AUC is lost against the film as it is.

    Each is given of `all` films, `within` a source, and of that source's COVID-19 and normal films alone (`typical`;
    where labels are those of appearance, typical against negative).

    Args:
        table: the test films, with source, label and group.
        covid_scores: name of the part -> float (T,); holds `AS_IT_IS`.
        threshold: of the score.
        within: a source; its films are also measured by themselves.
    """
    positive, groups = (table["label"] == "covid").to_numpy(), table["group"].to_numpy()
    inside = (table["source"] == within).to_numpy()
    clear = inside & table["label"].isin(["covid", "normal"]).to_numpy()
    found = {}
    for name, here in covid_scores.items():
        found[name] = {}
        for place, rows in (("all", np.ones(len(table), bool)), ("within", inside), ("typical", clear)):
            reference = covid_scores[AS_IT_IS][rows]
            found[name][place] = {
                "auc": intervals.auc(positive[rows], here[rows], groups[rows]),
                "called": intervals.share(here[rows] >= threshold, groups[rows]),
                "gap": intervals.gap(positive[rows], reference, here[rows], groups[rows]),
            }
    return found


def show(section, numbers: dict, within: str, sees_only_lungs: bool) -> None:
    """Write the part of the chapter on controls; `sees_only_lungs`: all else is taken away anyway."""
    section.heading("The network itself on parts of a film")
    section.text(
        "The released network itself, on test films of which a part was taken away. Without lungs it should fall to "
        "0.5; what is left above that it does not take from the lungs. Such pictures are unlike any it was trained on, "
        "so a low figure without lungs proves little; a high one proves a shortcut."
    )
    if sees_only_lungs:
        section.text(
            "This network is shown nothing but lungs, and all round them one level. Without them little more than "
            "their outline is left, so that row is passed nearly by construction; **read `lungs blurred`**: the lungs' "
            "shape, size and mean brightness, without any texture."
        )
    # Where the test films are of one source, all are within it.
    inside = ("within",) if any(figure["within"] != figure["all"] for figure in numbers.values()) else ()
    rows = []
    for name, figure in numbers.items():
        cells = [wording.text(figure["all"]["called"])]
        for place in ("all", *inside):
            gap = None if name == AS_IT_IS else figure[place]["gap"]
            cells += [wording.text(figure[place]["auc"]), wording.text(gap)]
        rows.append((name, *cells, wording.text(figure["typical"]["auc"])))
    section.table(
        (
            "what it sees",
            "called COVID-19",
            "AUC",
            "AUC lost",
            *(f"{what} within {within}" for _ in inside for what in ("AUC", "AUC lost")),
            "AUC against normal",
        ),
        rows,
        "Test films, COVID-19 against all other films; in the last column against the normal films of "
        f"{within} alone. Lost: paired, the film as it is minus what is left of it.",
    )
    if numbers.get(ablations.LUNGS_OUT, {"all": {"auc": None}})["all"]["auc"]:
        whole, left = (numbers[name]["all"]["auc"]["value"] - CHANCE for name in (AS_IT_IS, ablations.LUNGS_OUT))
        section.text(
            f"Above chance the network has {whole:.3f}; with the lungs blacked out **{left:.3f}** of it is left."
        )
