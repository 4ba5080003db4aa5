"""The census's file: exact parameter counts and predicted memory of the study at full size."""

from pathlib import Path

import pandas as pd
from pydantic import RootModel

from stages.lib import reported
from stages.lib.jsonfile import read_json
from stages.lib.schema import Strict

CENSUS = Path("metrics/census.json")
TOLERANCE = 0.15  # of a printed figure


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
    predicted_memory: PredictedMemory | None  # None: mixed precision is not predicted


class Census(RootModel[dict[str, dict[str, dict[str, CensusCell]]]]):
    """``metrics/census.json``: by protocol, architecture, configuration."""


def read_census(path: Path = CENSUS) -> Census:
    """Read back, validated.

    Raises:
        InputError: the file is missing or of another schema.
    """
    return read_json(Census, path, "census")


def against_published(census: Census) -> pd.DataFrame:
    """Printed and predicted peaks of the runs that were first in their process, a row a run.

    Columns: architecture, configuration, seed, printed_bytes, predicted_bytes, relative_error, note. Later runs of
    a process print what earlier ones left behind: full fine-tuning's growth of 12 bytes a weight (weights and two
    moments) also shows that a printed "GB" is 2**30 bytes.
    """
    table = reported.segments()
    rows = []
    for run in table.query("first_training_run_in_kernel == 1").itertuples(index=False):
        predicted = census.root["as-published"].get(run.architecture, {})
        if (memory := _memory(predicted, run)) is None:
            continue
        printed = run.peak_vram_gb * reported.GIGABYTE
        error = memory.peak / printed - 1
        note = "" if abs(error) <= TOLERANCE else _leftover_note(table[table["kernel"] == run.kernel], predicted)
        rows.append((run.architecture, run.configuration, run.seed, round(printed), memory.peak, error, note))
    columns = ["architecture", "configuration", "seed", "printed_bytes", "predicted_bytes", "relative_error", "note"]
    return pd.DataFrame(rows, columns=columns)


def _memory(predicted: dict[str, CensusCell], run: tuple) -> PredictedMemory | None:
    return predicted[run.configuration].predicted_memory if run.configuration in predicted else None


def _leftover_note(process: pd.DataFrame, predicted: dict[str, CensusCell]) -> str:
    """What a process's runs print beyond their own prediction and what its earlier runs leave behind, in GiB.

    An excess that stays the same when another method follows was there before the first run: a wrong prediction of
    one method's activations would not carry over.
    """
    left, excess = 0.0, []
    for run in process.itertuples(index=False):
        if (memory := _memory(predicted, run)) is None:
            break
        beyond = run.peak_vram_gb - memory.peak / reported.GIGABYTE - left
        excess.append(f"{run.configuration} {run.seed}: {beyond:.3f}")
        left += (memory.weights + memory.optimizer) / reported.GIGABYTE
    before = process["exec"].iloc[0] - 1
    return f"GiB beyond prediction and earlier runs, after {before} executions: {', '.join(excess)}"
