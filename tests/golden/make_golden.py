"""Make the golden films and what the contract makes of them: `films/*` and `expected.npz`.

    .venv-edge/bin/python tests/golden/make_golden.py

Run it again only when `preprocess.CONTRACT_VERSION` goes up, since every model must be trained again then.
The JPEGs are decoded by the libjpeg-turbo that Pillow brings; its decoding is stable between releases.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from edge_app.imaging import preprocess, radiograph  # noqa: E402
from tests.support.films import draw_film  # noqa: E402

FOLDER = ROOT / "tests" / "golden"
# The side of a `lite0` on the edge, and of the network the project grew from.
SIZES = (192, 100)


def expected(path: Path) -> dict[str, np.ndarray]:
    """Return what the contract makes of one film: whole, and cropped to lungs, by `KIND-SIZE-NAME`.

    The lungs are the two ellipses of the fingerprint, wherever the film's own are: no network has a part in it.
    """
    field = preprocess._computed_field()
    done = {}
    for size in (*SIZES, preprocess.LUNG_SIZE):
        grey = radiograph.read(path, preprocess.least_side(size))
        done[f"whole-{size}-{path.name}"] = preprocess.to_pixels(grey, size)
        if size in SIZES:
            done[f"lungs-{size}-{path.name}"] = preprocess.lungs_to_pixels(grey, field, size)
    return done


def main() -> None:
    films = FOLDER / "films"
    films.mkdir(exist_ok=True)
    grey = Image.fromarray(draw_film(1, 240, 200))
    grey.save(films / "grey.png", optimize=True)
    deep = draw_film(2, 150, 130, opacity=0.5).astype(np.uint16) * 16 + 300  # 12 bits in 16, as detectors give
    Image.fromarray(deep).save(films / "deep.png", optimize=True)
    colour = Image.fromarray(draw_film(3, 420, 500, opacity=1)).convert("RGB")
    colour.save(films / "colour.jpg", quality=80)
    # Large enough to be decoded at half its size for a network of 100 pixels.
    Image.fromarray(draw_film(4, 1000, 840)).save(films / "large.jpg", quality=60, progressive=True)
    alpha = Image.fromarray(draw_film(5, 160, 96, opacity=0.7)).convert("LA")
    alpha.putalpha(Image.linear_gradient("L").resize(alpha.size).point(lambda level: min(255, 64 + level)))
    alpha.save(films / "alpha.png", optimize=True)

    made = {}
    for path in sorted(films.iterdir()):
        made |= expected(path)
        print(f"{path.relative_to(ROOT)} {path.stat().st_size} bytes")
    np.savez_compressed(FOLDER / "expected.npz", **made)


if __name__ == "__main__":
    main()
