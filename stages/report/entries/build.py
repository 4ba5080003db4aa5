"""What goes into the ledger of numbers: every quantity that the report may print, with its source."""

from stages.report.entries import conduct, kept_study, published
from stages.report.entries.inputs import Results
from stages.report.entries.results import enter_cells, enter_comparisons, enter_seeds, enter_statistics
from stages.report.entries.study import (
    enter_baselines,
    enter_bases,
    enter_configurations,
    enter_data,
    enter_grid,
    enter_training,
)
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.producers import Producers


def build(results: Results) -> Ledger:
    """The whole ledger, nothing printed yet."""
    ledger = Ledger(Producers())
    ledger.holes = {f"{a}.{c}" for a, c in results.cells.index[results.cells["seeds"] == 0]}
    for enter in (
        enter_grid,
        enter_training,
        enter_configurations,
        enter_data,
        enter_baselines,
        enter_bases,
        enter_cells,
        enter_comparisons,
        enter_seeds,
        enter_statistics,
        published.enter,
        conduct.enter,
    ):
        enter(ledger, results)
    if results.real is not None:
        kept_study.enter(ledger, results.real, results.study)
    return ledger
