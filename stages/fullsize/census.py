"""The census's file: exact parameter counts and predicted memory of the study at full size."""

from pydantic import RootModel

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


class Census(StageFile, RootModel[dict[str, dict[str, dict[str, CensusCell]]]]):
    """``metrics/census.json``: by protocol, architecture, configuration."""

    PLACE = "metrics/census.json"
    STAGE = "census"
