"""What a file says of itself to other clients: TFLite metadata (MediaPipe, ML Kit, Android Studio read it).

The standard puts a second flatbuffer, "TFLITE_METADATA", inside the first, and files that it names in a zip behind it
(metadata_schema.fbs of TensorFlow Lite, file identifier M001). MediaPipe's own writer needs a native module that its
wheel of 1.2.2 lacks; what is needed of the schema is small, so it is written here, field by field.
"""

import flatbuffers

from convert.quantize.flatbuffer import Flatbuffer, present
from edge_app.model import model_file

IDENTIFIER = b"M001"
NAME = "TFLITE_METADATA"
PARSER = "1.0.0"  # the least that knows every field used here
AUTHOR = "the covid-xray project"
LABELS_FILE, CARD_FILE = model_file.LABELS, model_file.CARD
# Of the schema's unions and enums.
IMAGE_PROPERTIES, FEATURE_PROPERTIES, NORMALIZATION = 2, 1, 1
RGB, GRAYSCALE = 1, 2
TENSOR_AXIS_LABELS = 2

MEANINGS = {
    "pixels": "a frontal chest radiograph cropped to the box round its lungs; see docs/phones.md",
    "scores": "one score a label, 0 to 1, each for itself: they need not sum to 1",
    "cam": "class maps, one a label: above 0 speaks for it; their mean is the logit",
    "embedding": "mean features of the last layer",
}


def write(content: bytes, card: dict) -> bytes:
    """Return a flatbuffer with metadata in it; one that has some gets new.

    Args:
        content: a TFLite flatbuffer of one input, as `quantize.to_tflite` gives; its outputs are of `MEANINGS`.
        card: of `convert.modelfile.card.build`: name, task, labels, size and licence are taken from it.
    """
    from ai_edge_litert import schema_py_generated as schema

    network = Flatbuffer(content)
    names = network.output_names()
    outputs, channels = [names[place] for place in network.outputs], network.shape(network.inputs[0])[3]
    buffers = present(network.model.buffers)
    entries = [entry for entry in network.model.metadata or [] if entry.name not in (NAME, NAME.encode())]
    entry = schema.MetadataT()
    entry.name, entry.buffer = NAME, len(buffers)
    buffer = schema.BufferT()
    buffer.data = list(build(card, outputs, channels))
    buffers.append(buffer)
    network.model.metadata = [*entries, entry]
    return network.pack(_Aligned(len(content) + 65536))


def build(card: dict, outputs: list[str], channels: int) -> bytes:
    """Return the metadata flatbuffer of a card, for an input of 1 or 3 channels."""
    builder = flatbuffers.Builder(4096)
    size = card["preprocess"]["size"]
    pixels = _image(builder, size, channels)
    answers = [_answer(builder, name, card["labels"]) for name in outputs]
    name, task = (builder.CreateString(card[field]) for field in ("name", "task"))
    inputs, answers = _vector(builder, [pixels]), _vector(builder, answers)
    graph = _table(builder, {0: name, 1: task, 2: inputs, 3: answers})
    version, author = builder.CreateString(card["training"]["commits"][-1][:12]), builder.CreateString(AUTHOR)
    licence, parser = builder.CreateString(card["licence"]), builder.CreateString(PARSER)
    graphs = _vector(builder, [graph])
    files = _vector(builder, [_file(builder, CARD_FILE, "the card: thresholds, figures, hashes", 0)])
    fields = {0: name, 1: task, 2: version, 3: graphs, 4: author, 5: licence, 6: files, 7: parser}
    builder.Finish(_table(builder, fields), IDENTIFIER)
    return bytes(builder.Output())


def _image(builder, size: int, channels: int) -> int:
    """TensorMetadata of the input: an image whose values are not normalised, 0 .. 255."""
    extent = _table(builder, {}, numbers={0: size, 1: size})
    properties = _table(builder, {1: extent}, small={0: GRAYSCALE if channels == 1 else RGB})
    content = _table(builder, {1: properties}, small={0: IMAGE_PROPERTIES})
    means, deviations = _floats(builder, [0.0] * channels), _floats(builder, [1.0] * channels)
    options = _table(builder, {0: means, 1: deviations})
    units = _vector(builder, [_table(builder, {1: options}, small={0: NORMALIZATION})])
    stats = _table(builder, {0: _floats(builder, [255.0] * channels), 1: _floats(builder, [0.0] * channels)})
    return _tensor(builder, "pixels", {3: content, 4: units, 5: stats})


def _answer(builder, name: str, labels: list[str]) -> int:
    """TensorMetadata of an output; that of `scores` names the labels' file."""
    features = _table(builder, {})
    content = _table(builder, {1: features}, small={0: FEATURE_PROPERTIES})
    if name != "scores":
        return _tensor(builder, name, {3: content})
    files = _vector(builder, [_file(builder, LABELS_FILE, "one label a line", TENSOR_AXIS_LABELS)])
    stats = _table(builder, {0: _floats(builder, [1.0] * len(labels)), 1: _floats(builder, [0.0] * len(labels))})
    return _tensor(builder, name, {3: content, 5: stats, 6: files})


def _tensor(builder, name: str, fields: dict[int, int]) -> int:
    words = {0: builder.CreateString(name), 1: builder.CreateString(MEANINGS[name])}
    return _table(builder, words | fields)


def _file(builder, name: str, description: str, kind: int) -> int:
    words = {0: builder.CreateString(name), 1: builder.CreateString(description)}
    return _table(builder, words, small={2: kind})


def _table(builder, offsets: dict[int, int], *, small: dict[int, int] | None = None, numbers=None) -> int:
    """Write a table: fields by their place in the schema; `small` are enums (a byte), `numbers` unsigned 32 bits."""
    small, numbers = small or {}, numbers or {}
    builder.StartObject(1 + max([*offsets, *small, *numbers], default=0))
    for place, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(place, offset, 0)
    for place, value in numbers.items():
        builder.PrependUint32Slot(place, value, 0)
    for place, value in small.items():
        builder.PrependInt8Slot(place, value, 0)
    return builder.EndObject()


def _vector(builder, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return builder.EndVector()


def _floats(builder, values: list[float]) -> int:
    builder.StartVector(4, len(values), 4)
    for value in reversed(values):
        builder.PrependFloat32(value)
    return builder.EndVector()


class _Aligned(flatbuffers.Builder):
    """Puts weights where the schema wants them, `force_align: 16`, which the Python classes made from it forget."""

    def StartVector(self, elemSize, numElems, alignment):
        return super().StartVector(elemSize, numElems, 16 if elemSize == 1 else alignment)
