"""A TFLite flatbuffer as objects, with the types that the generated schema leaves open.

The schema's classes hold texts as bytes and call every field optional; those read here are in every file that a
converter writes.
"""

from typing import TypeVar

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"

T = TypeVar("T")


class Flatbuffer:
    """A network of one graph, that may be changed and packed again.

    Attributes:
        model: the whole file, `ModelT` of the schema.
        graph: its graph, `SubGraphT`.
        tensors: of the graph, `TensorT`.
        inputs: places of the inputs among the tensors.
        outputs: places of the outputs.
    """

    def __init__(self, content: bytes):
        self.model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
        self.graph: schema.SubGraphT = present(self.model.subgraphs)[0]
        self.tensors: list[schema.TensorT] = present(self.graph.tensors)
        self.inputs = [int(place) for place in present(self.graph.inputs)]
        self.outputs = [int(place) for place in present(self.graph.outputs)]

    def name(self, tensor: int) -> str:
        """Return the name of a tensor."""
        return _text(self.tensors[tensor].name)

    def shape(self, tensor: int) -> list[int]:
        """Return the shape of a tensor."""
        return [int(side) for side in present(self.tensors[tensor].shape)]

    def steps(self) -> list[tuple[int, list[int]]]:
        """Return (kind, of `BuiltinOperator`, places of the answers) of each operator, in the order they run."""
        codes = present(self.model.operatorCodes)
        return [
            (codes[step.opcodeIndex].builtinCode, [int(place) for place in present(step.outputs)])
            for step in present(self.graph.operators)
        ]

    def output_names(self) -> dict[int, str]:
        """Return the names that the signature gives the outputs, by their places among the tensors."""
        signature = present(self.model.signatureDefs)[0]
        return {output.tensorIndex: _text(output.name) for output in present(signature.outputs)}

    def pack(self, builder: flatbuffers.Builder) -> bytes:
        """Return the file's bytes, written with a builder."""
        builder.Finish(self.model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())


def present(field: T | None) -> T:
    """Return a field of a flatbuffer's table.

    Raises:
        ValueError: the table lacks it.
    """
    if field is None:
        raise ValueError("a table of the flatbuffer lacks a field; convert the network again")
    return field


def _text(field: str | bytes | None) -> str:
    field = present(field)
    return field.decode() if isinstance(field, bytes) else field
