"""Draws the films of tests/system/booted: `python -m tests.system.booted.films FOLDER`."""

import sys
from pathlib import Path

import cv2
from PIL import Image

from edge_app.model import model_file
from tests.support import dicom_node
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.light_box import FILM, SIZE, box
from tests.system.booted.faulty import DEADLY_WIDTH

# Numbers of films for the kills, the stop, the hang, behind a deadly film, the update, the rollback.
COUNTS = {"kill": 100, "stop": 40, "late": 1, "behind": 5, "update": 2, "rollback": 2}


def main(folder: Path) -> None:
    """Draw all films, no two alike."""
    seed = 0
    for name, count in COUNTS.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            seed += 1
            file = "hangs.png" if name == "late" else f"{number:03d}.png"
            Image.fromarray(draw_film(seed, 300, 260, opacity=seed % 2)).save(folder / name / file, compress_level=1)
    wide = draw_film(seed + 1, 300, DEADLY_WIDTH)
    Image.fromarray(wide).save(folder / "late" / "deadly.png", compress_level=1)
    film_before_a_camera(folder / "camera")
    (folder / "dicom").mkdir()
    for number in range(1, 4):
        dicom_node.film(folder / "dicom" / f"{number}.dcm", number, (300, 260))


def film_before_a_camera(folder: Path) -> None:
    """Draw a video of a film on a light box, and a model that has an operating point for cameras."""
    folder.mkdir()
    writer = cv2.VideoWriter(str(folder / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
    for picture in (box(None), *[box(FILM)] * 20):
        writer.write(picture[..., ::-1])
    writer.release()
    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    camera = {"temperature": 2.0, "operating_points": model.card.raw["operating_points"], "gate": None}
    packed = model_file.pack(model.scores, model.lungs, {**model.card.raw, "camera": camera})
    (folder / "model.tflite").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
