"""Where the network looks on films that it suspects, against radiologists' boxes, and whether that is what it reads."""

import cv2
import numpy as np

from edge_app.screening import phrasing
from train.audit import maps
from train.audit.array_cache import key
from train.evaluation import answers, deletion, intervals, localisation
from train.index.findings import NORMAL
from train.reporting import wording

# Films of the deletion test: each is shown again once a place, and more would not move the figure beyond its interval.
MOST_DELETED = 40
EXAMPLES = 12
SEED = 0


def measure(run, films, cache) -> dict | None:
    """Return what is measured on the suspected test films that have a box; None if there are none.

    Args:
        run: `train.audit.audited.AuditedRun`.
        films: `train.audit.audited.AuditedFilms`.
        cache: where class maps are kept.

    Returns:
        The figures of `localisation.measure`; `recorded`, those that the run's own record holds; `correlation` of two
        patients' maps, `class maps` as they are and `shown` (what lies above 0 of the logits of places); `blank`, how
        many show nothing; `auc_over_places`; `deletion`, the logit lost by place covered; `examples`, paths of films
        drawn at random.
    """
    table, rows = _asked(run, films)
    if not len(rows):
        return None

    def look():
        return maps.class_maps(run, films.pixels[rows])

    made_of = key(run.model_key, films.pixels_key, "\n".join(table["path"]))
    of_all = cache.get("class maps", made_of, look)
    label = _likeliest(table, run.labels)
    own = of_all[np.arange(len(rows)), :, :, label]
    inside, patients = localisation.shrunk(films.opacities[rows], own.shape[1]), table["group"].to_numpy()
    shown = np.stack([maps.heat(run, one, run.labels[at]).logits for one, at in zip(own, label, strict=True)])
    lit = (shown > 0).any(axis=(1, 2)) & (np.ptp(np.maximum(shown, 0), axis=(1, 2)) > 0)
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(rows))[:EXAMPLES])
    return localisation.measure(own, inside, patients) | {
        "recorded": run.record.get("localisation"),
        "correlation": {
            "class maps": _alike(own, patients),
            "shown": _alike(np.maximum(shown[lit], 0), patients[lit]) if run.places else None,
        },
        "blank": int((~lit).sum()) if run.places else None,
        "auc_over_places": intervals.auc(inside.ravel(), shown.ravel(), np.repeat(patients, inside[0].size)),
        "deletion": _deleted(run, films, rows, of_all, label, patients),
        "examples": table["path"].iloc[chosen].tolist(),
    }


def _asked(run, films):
    """Return the rows of scores of the suspected test films with a box, and where they are among the films."""
    table = run.held_out()
    rows = films.rows(table["path"])
    boxed = (films.films["boxes"].to_numpy(object)[rows] != "") & films.opacities[rows].any(axis=(1, 2, 3))
    boxed &= answers.suspected(table, run.labels, run.points) if run.points else False
    return table.loc[boxed].reset_index(drop=True), rows[boxed]


def _likeliest(table, labels) -> np.ndarray:
    """Return which label's map is shown of each film, int (n,): the disease with the highest score."""
    sick = [at for at, label in enumerate(labels) if label != NORMAL]
    return np.array(sick)[table[[f"score_{labels[at]}" for at in sick]].to_numpy(float).argmax(axis=1)]


def _alike(of_films: np.ndarray, patients: np.ndarray):
    return localisation.alike_between(of_films, patients) if len(set(patients)) > 1 else None


def _deleted(run, films, rows, of_all, label, patients) -> dict | None:
    """Return the mean fall of the logit by what is covered, with intervals over patients; None without lungs."""
    if films.masks is None:
        return None
    chosen = np.sort(np.random.default_rng(SEED).permutation(len(rows))[:MOST_DELETED])
    falls: dict[str, list] = {where: [] for where in deletion.WHERE}
    for at in chosen:
        own = of_all[at, :, :, label[at]]
        lungs = cv2.resize(films.masks[rows[at]], own.shape[::-1], interpolation=cv2.INTER_AREA) / 255
        where, pictures = zip(*deletion.covers(films.pixels[rows[at]], own, lungs), strict=True)
        left = maps.class_maps(run, np.stack(pictures))[..., label[at]].mean(axis=(1, 2))
        for name in deletion.WHERE:
            here = np.array(where) == name
            if here.any():
                falls[name].append((patients[at], float((own.mean() - left[here]).mean())))
    return {"films": len(chosen), "patch": deletion.COVER} | {
        name: intervals.mean(np.array([fall for _, fall in of]), np.array([who for who, _ in of], object))
        for name, of in falls.items()
        if of
    }


def show(page, numbers: dict | None, run, films) -> None:
    """Write the chapter, with films of `films` under their heat."""
    section = page.section(
        "Where it looks",
        "Test films that are suspected of COVID-19 or of another pneumonia by the default rule, and on which "
        "radiologists drew boxes round opacities. A hottest place inside a box is worth little if the same place of "
        "everybody's lungs would do as well: so a random place, and **the best fixed place, the same for everybody**, "
        "stand beside it.",
    )
    if numbers is None:
        section.note("Not measured: no suspected test film has a radiologist's box.")
        return
    alike = numbers["correlation"]
    section.table(
        (f"{numbers['films']} films, maps of {numbers['places']} places", "figure"),
        [
            ("the hottest place lies in a box", wording.text(numbers["hottest_in_box"])),
            ("a random place would", f"{numbers['random_place']:.3f}"),
            ("the best fixed place would", f"{numbers['best_fixed_place']:.3f}"),
            ("AUC over the places, in a box against not", wording.text(numbers["auc_over_places"])),
            ("median correlation of two patients' class maps", wording.text(alike["class maps"])),
            ("... of what is shown of them", wording.text(alike["shown"])),
        ],
        "The map of the likelier disease. Shown: the logits of places above 0, by the scale that the model carries"
        + ("." if numbers["blank"] is None else f"; {numbers['blank']} of the films show nothing."),
    )
    _show_deletion(section, numbers["deletion"])
    _show_examples(section, numbers["examples"], run, films)


def _show_deletion(section, numbers) -> None:
    section.heading("Deletion test")
    if numbers is None:
        section.note("Not measured: where the lungs are is not known without the lung-field network.")
        return
    section.text(
        f"A patch of {numbers['patch']} pixels of {numbers['films']} of these films is covered with its median grey, "
        "place after place. If the map says what the network reads, the logit falls most where it is hottest."
    )
    section.table(
        ("what is covered", "logit lost"),
        [(name, wording.text(numbers[name])) for name in deletion.WHERE if name in numbers],
        "Mean over films. A place half in the lungs is left out.",
    )


def _show_examples(section, paths: list[str], run, films) -> None:
    section.heading("Examples")
    section.note("These are patients' films, under their collections' licences: this page is not for publication.")
    rows = films.rows(paths)
    table = run.held_out().set_index("path").loc[paths]
    label = _likeliest(table, run.labels)
    of_films = maps.class_maps(run, films.pixels[rows])
    heats = [maps.heat(run, one[..., at], run.labels[at]) for one, at in zip(of_films, label, strict=True)]
    kinds = table["appearance"].replace("", "appearance unknown")
    scores = [table[f"score_{run.labels[at]}"].iloc[i] for i, at in enumerate(label)]
    titles = [f"{kind}, {run.labels[at]} {score:.2f}" for kind, at, score in zip(kinds, label, scores, strict=True)]
    colours = {heat.label: f"C{phrasing.colours(heat)[1:]}." for heat in heats}
    section.text(
        " ".join(["Drawn at random. Rims: radiologists' boxes.", *(colours[name] for name in sorted(colours))])
    )
    sheet = maps.sheet(titles, films.pixels[rows][..., 0], heats, films.opacities[rows][..., 0] > 127)
    section.figure(sheet, "Films under their heat: " + "; ".join(titles), kind="png")
