"""What the published runs say about a quantity: an estimate, or why there is none."""

import pandas as pd

from stages.published.claims import Quantity
from stages.published.evidence import NO_SPREAD, Estimate, Finding, Gap, name, rows_of, variance_ratio, where
from stages.published.printed import GIGABYTE

REPORTED = "data/reported/runs.csv"
SEGMENTS = "data/reported/kernel_segments.csv"


class PrintedEvidence:
    """The printed runs as they stand: means over seeds, no interval, for no predictions were printed.

    An accuracy of which a run was not printed lies anywhere that this run could take it. Memory counts where the run
    was the first to train in its process.
    """

    test = "arithmetic on the printed runs"
    reproduced = False
    columns = {"accuracy": "accuracy", "seconds": "train_time_s", "parameters": "trainable_params_m"}  # noqa: RUF012

    def __init__(self, runs: pd.DataFrame, segments: pd.DataFrame) -> None:
        self.runs, self.segments = runs, segments
        self.architectures = list(dict.fromkeys(runs["architecture"]))
        self.seeds = sorted(set(runs["seed"]))

    def value(self, quantity: Quantity, architecture: str, cell: str) -> Finding:
        if quantity == "memory":
            return self._memory(architecture, cell)
        rows = rows_of(self.runs, architecture, cell)
        values, column = rows[self.columns[quantity]].dropna(), self.columns[quantity]
        missing = [str(seed) for seed in self.seeds if seed not in set(rows.loc[values.index, "seed"])]
        key = f"mean of {column}; {where(architecture, cell)}"
        if values.empty or (missing and quantity == "seconds"):
            return Gap(f"{name(architecture, cell)}: a run was not printed")
        mean = float(values.mean()) * (1e6 if quantity == "parameters" else 1)
        if missing and quantity == "accuracy":
            total, seeds = float(values.sum()), len(self.seeds)
            bounds = total / seeds, (total + len(missing)) / seeds
            return Estimate(mean, *bounds, REPORTED, key, note=f"{name(architecture, cell)}: a run was not printed")
        return Estimate(mean, mean, mean, REPORTED, key)

    def _memory(self, architecture: str, cell: str) -> Finding:
        rows = self.segments.query("architecture == @architecture and configuration == @cell")
        clean = rows.loc[rows["first_training_run_in_kernel"] == 1, "peak_vram_gb"]
        if clean.empty:
            return Gap(f"{name(architecture, cell)}: no run was the first of its process, so its memory has residue")
        value = float(clean.mean()) * GIGABYTE
        key = f"mean of peak_vram_gb x 2**30 where first_training_run_in_kernel is 1; {where(architecture, cell)}"
        return Estimate(value, value, value, SEGMENTS, key)

    def difference(self, architecture: str, first: str, second: str) -> Finding:
        a, b = (self.value("accuracy", architecture, cell) for cell in (first, second))
        if isinstance(a, Gap) or isinstance(b, Gap):
            return a if isinstance(a, Gap) else b
        return Estimate(
            b.value - a.value, b.low - a.high, b.high - a.low, REPORTED, f"{b.key} - {a.key}", note=a.note or b.note
        )

    def ratio(self, quantity: Quantity, architecture: str, first: str, second: str) -> Finding:
        a, b = (self.value(quantity, architecture, cell) for cell in (first, second))
        if isinstance(a, Gap) or isinstance(b, Gap):
            return a if isinstance(a, Gap) else b
        if not a.low:
            return Gap(f"{name(architecture, first)}: a run was not printed")
        return Estimate(
            b.value / a.value, b.low / a.high, b.high / a.low, b.source, f"{b.key} / {a.key}", note=a.note or b.note
        )

    def spread(self, architecture: str, cell: str) -> Finding:
        rows = rows_of(self.runs, architecture, cell)
        if len(rows) < len(self.seeds):
            return Gap(f"{name(architecture, cell)}: a run was not printed")
        found = variance_ratio(self.runs, "accuracy", architecture, cell)
        if found is None:
            return NO_SPREAD
        key = f"variance of accuracy over seeds / mean of the other cells'; {where(architecture, cell)}"
        return Estimate(found[0], found[0], found[0], REPORTED, key)
