"""The census's file: exact parameter counts and predicted memory of the study at full size."""

from typing import Annotated, NamedTuple

from pydantic import Discriminator, RootModel, Tag

from stages.core.files import StageFile
from stages.core.types import Precision, Strict


class PredictedMemory(Strict):
    """Bytes at the moment of the peak. ``activations`` is all that is neither weight, gradient nor optimiser state."""

    weights: int
    gradients: int
    optimizer: int
    activations: int
    peak: int


class CensusCell(Strict):
    """Counts as in a run's record; ``total_packed_4bit`` counts stored elements, two 4-bit weights each."""

    trainable: int
    total: int
    total_packed_4bit: int
    adapter: int
    head: int
    new_but_frozen: int
    trainable_but_dead: int
    precision: Precision
    predicted_memory: PredictedMemory  # in that precision


class CensusHole(Strict):
    """A cell that cannot be counted without data."""

    reason: str  # one line


class Hole(NamedTuple):
    """Where a hole is, and why."""

    protocol: str
    architecture: str
    configuration: str
    reason: str


def _kind(entry: object) -> str:
    is_hole = isinstance(entry, CensusHole) or (isinstance(entry, dict) and "reason" in entry)
    return "hole" if is_hole else "cell"


Entry = Annotated[Annotated[CensusCell, Tag("cell")] | Annotated[CensusHole, Tag("hole")], Discriminator(_kind)]


class Census(StageFile, RootModel[dict[str, dict[str, dict[str, Entry]]]]):
    """``metrics/census.json``: by protocol, architecture, configuration.

    It has the protocols that the study uses, and the architectures whose full size is known.
    """

    PLACE = "metrics/census.json"
    STAGE = "census"

    def counted(self, protocol: str) -> dict[str, dict[str, CensusCell]]:
        """The cells of a protocol by architecture and configuration, holes left out; none of one not used."""
        cells = {}
        for architecture, entries in self.root.get(protocol, {}).items():
            cells[architecture] = {name: entry for name, entry in entries.items() if isinstance(entry, CensusCell)}
        return cells

    @property
    def holes(self) -> list[Hole]:
        """What could not be counted, in the file's order."""
        found = []
        for protocol, architectures in self.root.items():
            for architecture, entries in architectures.items():
                for name, entry in entries.items():
                    if isinstance(entry, CensusHole):
                        found.append(Hole(protocol, architecture, name, entry.reason))
        return found
