"""What one variant of a run became: the file and its figures."""

from dataclasses import dataclass

from convert.modelfile import variants


@dataclass(frozen=True)
class Product:
    """One variant, measured.

    Attributes:
        variant: which.
        flatbuffer: the network alone, with metadata.
        content: the whole file; None if it fell short.
        figures: for the report: `bytes`, `gates` by place, `shortfalls`, and what `evaluate.measure` says.
        shortfalls: sentences; none of a file that passed.
    """

    variant: variants.Variant
    flatbuffer: bytes
    content: bytes | None
    figures: dict
    shortfalls: list[str]

    @property
    def name(self) -> str:
        """The variant's name."""
        return self.variant.name
