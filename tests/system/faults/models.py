"""Two models with golden films, to be installed one after the other."""

import io
from pathlib import Path

from PIL import Image

from edge_app.imaging import preprocess
from edge_app.model import classifier, model_file
from tests.support import faulty_programs as edge
from tests.support.faulty_runs import Program
from tests.support.films import draw_film


def programs(folder: Path) -> list[Program]:
    """Return `model install` and `model rollback`."""
    old, new = (_packed(folder.absolute() / f"{name}.tflite", name) for name in ("old", "new"))
    return [edge.installing(new, old), edge.installing(new, old, going_back=True)]


def _packed(path: Path, name: str) -> Path:
    """Pack the small model with a golden film, as the fixture `with_golden_film` does."""
    film, grey = io.BytesIO(), draw_film(1000, 200, 192)
    Image.fromarray(grey).save(film, "PNG")
    model = model_file.read(edge.MODEL)
    judge = classifier.Classifier(model, 1)
    lungs = judge.find_lungs(grey)
    scores = judge.scores(preprocess.lungs_to_pixels(grey, lungs, judge.card.size))[0].tolist()
    said = dict(zip(judge.card.labels, scores, strict=True))
    card = dict(model.card.raw) | {"name": name, "golden": {"scores": said, "box": list(lungs.box)}}
    path.write_bytes(model_file.pack(model.scores, model.lungs, card, film.getvalue()))
    return path
