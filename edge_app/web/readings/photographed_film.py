"""An uploaded photograph of a film: the film is found, straightened, and judged as one in front of a camera."""

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import file_type, jpeg, limits, radiograph

if TYPE_CHECKING:  # heavy: a decoder's process needs none of them
    from edge_app.model.model_file import ModelFile
    from edge_app.screening.result import Screened
    from edge_app.screening.run_context import RunContext
    from edge_app.workers.decode_pool import Decoded

# Longer side that a photograph is shrunk to, in pixels: 1.5 times that of a 1280 x 720 frame, for which the outline's
# detection and the limits of quality were made.
MOST_SIDE = 1920
NAME = "upload"


def decode(path: Path, content: bytes, most_side: int) -> radiograph.Film:
    """Decode a photograph in a worker of `decode_pool`, whose answers are grey: each pixel's colours lie side by side.

    Args:
        path: begins the sentence of a refusal.
        content: bytes of a JPEG or PNG file.
        most_side: longest side of the result, in pixels.

    Returns:
        A picture of mode L, three times as wide as the photograph: red, green and blue of each pixel. It has no age.

    Raises:
        UnreadableRadiograph: it cannot be read as a photograph.
    """
    import warnings

    from PIL import Image, ImageOps, UnidentifiedImageError

    kind = file_type.name(content)
    if kind not in ("PNG", "JPEG"):
        raise UnreadableRadiograph(f"{path}: is {kind or 'not a picture'}; a photograph must be JPEG or PNG.")
    try:
        if kind == "JPEG":
            jpeg.check_scans(content)
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
    """Judges photographs; it has networks of its own, since networks belong to one thread.

    Attributes:
        context: of photographs, with the rule and prevalence of files.
    """

    def __init__(self, model: "ModelFile", context: "RunContext", threads: int):
        """Load the networks with the card for photographs.

        Args:
            model: its card has a part for a camera.
            context: of files.
            threads: of one invocation.
        """
        from edge_app.model.classifier import Classifier

        model = model.for_camera()
        self.context = replace(context, card=model.card, sha256=model.sha256)
        self._classifier = Classifier(model, threads)

    def result(self, decoded: "Decoded", path: Path) -> "Screened":
        """Judge a photograph, or refuse it with advice.

        Args:
            decoded: by `decode`.
            path: of the result.
        """
        from edge_app.camera.capture.frame import Frame
        from edge_app.camera.detect import film_view
        from edge_app.camera.loop import loop
        from edge_app.camera.loop.stability import Good

        height, width = decoded.grey.shape
        pixels = decoded.grey.reshape(height, width // 3, 3)
        frame = Frame(pixels, 0, 0.0)
        view = film_view.look(pixels)
        if view.ready:
            result = loop.judge([Good(frame, view)], self._classifier, self.context.limits, NAME)
        else:
            result = loop.refused(frame, view, NAME)
        return replace(result, path=path, sha256=decoded.sha256)
