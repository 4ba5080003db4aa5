"""What the published runs say about a quantity."""

from typing import ClassVar

import pandas as pd

from stages.published import contradictions
from stages.published.claims import Quantity
from stages.published.evidence import Estimate, NoEstimateError, cell_name, rows_of, selection, variance_ratio
from stages.published.printed import GIGABYTE, PrintedTables
from stages.published.reconciliation import Reconciliation

REPORTED = "data/reported/runs.csv"
SEGMENTS = "data/reported/kernel_segments.csv"
SPLITS = "data/reported/texts.csv"


class PrintedEvidence:
    """The printed runs as they stand: means over seeds, no interval, for no predictions were printed.

    An accuracy of which a run was not printed lies anywhere that this run could take it. Memory is what a run in a
    fresh process printed; where there was none it lies anywhere below what the others did, for what earlier runs left
    behind only adds to it.
    """

    test = "arithmetic on the printed runs"
    reproduced = False
    COLUMNS: ClassVar = {"accuracy": "accuracy", "seconds": "train_time_s", "parameters": "trainable_params_m"}

    def __init__(self, printed: PrintedTables) -> None:
        self.printed = printed
        self.runs = printed.runs
        self.segments = printed.segments
        self.architectures = list(self.runs["architecture"].unique())
        self.seeds = set(self.runs["seed"])

    def value(self, quantity: Quantity, architecture: str, configuration: str) -> Estimate:
        if quantity == "memory":
            return self._memory(architecture, configuration)
        if quantity == "texts":
            rows = float(rows_of(self.printed.texts, architecture, configuration)["rows"].iloc[0])
            return Estimate(rows, rows, rows, SPLITS, f"rows; {selection(architecture, configuration)}")
        column = self.COLUMNS[quantity]
        rows = rows_of(self.runs, architecture, configuration).dropna(subset=column)
        missing = len(self.seeds - set(rows["seed"]))
        if rows.empty or (missing and quantity == "seconds"):
            raise _not_printed(architecture, configuration)
        key = f"mean of {column}; {selection(architecture, configuration)}"
        mean = float(rows[column].mean())
        if quantity == "parameters":
            mean *= 1e6
        if quantity != "accuracy" or not missing:
            return Estimate(mean, mean, mean, REPORTED, key)
        total, seeds = float(rows[column].sum()), len(self.seeds)
        least, most = total / seeds, (total + missing) / seeds  # the missing runs all wrong, or all right
        return Estimate(mean, least, most, REPORTED, key, note=str(_not_printed(architecture, configuration)))

    def _memory(self, architecture: str, configuration: str) -> Estimate:
        at_base = configuration.removesuffix("-probe")  # the rate takes no memory
        rows = pd.concat([rows_of(self.segments, architecture, name) for name in (at_base, f"{at_base}-probe")])
        fresh = rows.loc[rows["fresh"], "peak_vram_gb"]
        where = selection(architecture, at_base, f"{at_base}-probe")
        if fresh.empty:
            most = float(rows["peak_vram_gb"].min()) * GIGABYTE
            note = f"{cell_name(architecture, configuration)}: no run was in a fresh process"
            return Estimate(most, 0, most, SEGMENTS, f"least peak_vram_gb x 2**30; {where}", note=note)
        value = float(fresh.mean()) * GIGABYTE
        return Estimate(value, value, value, SEGMENTS, f"mean of peak_vram_gb x 2**30 of fresh processes; {where}")

    def difference(self, architecture: str, first: str, second: str) -> Estimate:
        before = self.value("accuracy", architecture, first)
        after = self.value("accuracy", architecture, second)
        return Estimate(
            value=after.value - before.value,
            low=after.low - before.high,
            high=after.high - before.low,
            source=REPORTED,
            key=f"{after.key} - {before.key}",
            note=before.note or after.note,
        )

    def ratio(self, quantity: Quantity, architecture: str, first: str, second: str) -> Estimate:
        before = self.value(quantity, architecture, first)
        after = self.value(quantity, architecture, second)
        if not before.low:
            raise _not_printed(architecture, first)
        return Estimate(
            value=after.value / before.value,
            low=after.low / before.high,
            high=after.high / before.low,
            source=after.source,
            key=f"{after.key} / {before.key}",
            note=before.note or after.note,
        )

    def spread(self, architecture: str, configuration: str) -> Estimate:
        if len(rows_of(self.runs, architecture, configuration)) < len(self.seeds):
            raise _not_printed(architecture, configuration)
        ratio, _, _ = variance_ratio(self.runs, "accuracy", architecture, configuration)
        cell = selection(architecture, configuration)
        key = f"variance of accuracy over seeds / mean of the other cells'; {cell}"
        return Estimate(ratio, ratio, ratio, REPORTED, key)

    def matching(self) -> tuple[Estimate, int, int]:
        checked, wrong = contradictions.checked(self.printed), len(contradictions.find(self.printed))
        share = 1 - wrong / checked
        key = "1 - length of contradictions / cells_checked"
        return Estimate(share, share, share, str(Reconciliation.path()), key), checked - wrong, checked


def _not_printed(architecture: str, configuration: str) -> NoEstimateError:
    return NoEstimateError(f"{cell_name(architecture, configuration)}: a run was not printed")
