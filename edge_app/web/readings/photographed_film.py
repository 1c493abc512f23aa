"""A photograph of a film that was sent: the film is looked for, straightened, and judged as one before a camera."""

import io
from pathlib import Path

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import file_type, limits, radiograph

# Longer side that a photograph is shrunk to, in pixels: half as much again as a camera's frame of 1280 x 720, for which
# the finding and the limits of quality were made.
MOST_SIDE = 1920
NAME = "upload"


def decode(path: Path, content: bytes, most_side: int) -> radiograph.Film:
    """Decode a photograph in a worker of `decode_pool`, whose answers are grey: red, green and blue lie side by side.

    Args:
        path: begins the sentence of a refusal.
        content: bytes of a JPEG or PNG file.
        most_side: of the longer side, in pixels.

    Returns:
        Mode L, three times as wide as the photograph: of every pixel red, green and blue; no age.

    Raises:
        UnreadableRadiograph: it is no photograph that can be read.
    """
    import warnings

    from PIL import Image, ImageOps, UnidentifiedImageError

    kind = file_type.name(content)
    if kind not in ("PNG", "JPEG"):
        raise UnreadableRadiograph(f"{path}: is {kind or 'no picture'}; a photograph must be JPEG or PNG.")
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=(kind,)) as picture:
            limits.check_size(path, *picture.size)
            picture.draft("RGB", (most_side, most_side))
            picture.thumbnail((most_side, most_side), Image.Resampling.BOX)
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except UnidentifiedImageError as error:
        raise UnreadableRadiograph(f"{path}: is damaged or cut off; take it again.") from error
    except Image.DecompressionBombError as error:
        raise UnreadableRadiograph(f"{path}: has far too many pixels; take a smaller photograph.") from error
    except (MemoryError, *limits.DAMAGE) as error:
        raise UnreadableRadiograph(
            f"{path}: is damaged or cut off ({limits.one_line(error)}); take it again."
        ) from error
    width, height = upright.size
    return radiograph.Film(Image.frombytes("L", (3 * width, height), upright.tobytes()), None)


class Judge:
    """Judges photographs; it has networks of its own, since they are for one thread."""

    def __init__(self, model, terms, threads: int):
        """Load the networks with the card for photographs.

        Args:
            model: `model_file.ModelFile` whose card has a part for a camera.
            terms: of files; those of photographs, with the same rule and prevalence, are the attribute `terms`.
            threads: of one invocation.
        """
        from edge_app.model.classifier import Classifier
        from edge_app.screening.run_context import RunContext

        model = model.for_camera()
        self.terms = RunContext(model.card, model.sha256, terms.rule, terms.prevalence)
        self._classifier = Classifier(model, threads)

    def result(self, decoded, path: Path):
        """Judge one, or refuse it with what would help.

        Args:
            decoded: `decode_pool.Decoded` of `decode`.
            path: of the result.
        """
        from dataclasses import replace

        from edge_app.camera.capture.frame import Frame
        from edge_app.camera.detect import film_view
        from edge_app.camera.loop import loop

        height, width = decoded.grey.shape
        pixels = decoded.grey.reshape(height, width // 3, 3)
        frame = Frame(pixels, 0, 0.0)
        view = film_view.look(pixels)
        if view.ready:
            result = loop.judge([(frame, view)], self._classifier, self.terms.limits, NAME)
        else:
            result = loop.refused(frame, view, NAME)
        return replace(result, path=path, sha256=decoded.sha256)
