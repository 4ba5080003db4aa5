"""Numbers of the sweep over learning rates: what was tried, what was chosen, what that changed on the test split."""

from statistics import median

from scipy.stats import kendalltau

from stages.data.card import Card
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, DIFFERENCE, PERCENT, POINTS, SCORE
from stages.study.grid import StudySettings
from stages.training.settings import OWN_RATE, RunSettings
from stages.tuning.tuning import TunedCell, Tuning

TUNING, STUDY = Tuning.path(), StudySettings.path()


def enter_tuning(ledger: Ledger, results: Results) -> None:
    """Enter them all; nothing where rates were not tuned."""
    if not results.study.is_tuned:
        return
    _sweep(ledger, results.study)
    for index, cell in enumerate(results.tuning.cells):
        _cell(ledger, results, index, cell)
    _choices(ledger, results)
    _gains(ledger, results.tuning)
    for architecture in results.study.architectures:
        _order(ledger, results, architecture)


def _sweep(ledger: Ledger, study: StudySettings) -> None:
    ledger.add("tuning.rates", 1 + len(study.rate_factors), COUNT, Source(STUDY, "1 + length of rate_factors"))
    ledger.add("tuning.runs", len(study.every_run), COUNT, Source(STUDY, "length of runs + length of sweep"))
    for index, factor in enumerate(study.rate_factors):
        ledger.add(f"tuning.factor.{index}", str(factor), COUNT, Source(STUDY, f"rate_factors.{index}"))


def _cell(ledger: Ledger, results: Results, index: int, cell: TunedCell) -> None:
    """The row of a cell in the table of rates; nothing of one of whose runs none completed."""
    if not cell.best.completed:
        return
    key, place = f"{cell.architecture}.{cell.configuration}.tuning", f"cells.{index}"
    best = results.records(cell.architecture, cell.configuration)
    ledger.add(f"{key}.factor", cell.chosen, COUNT, Source(TUNING, f"{place}.chosen", *best))
    source = Source(TUNING, f"{place}.rates where factor is {cell.chosen}: learning_rate", *best)
    ledger.add_rate(f"{key}.rate", cell.best.learning_rate, source)
    source = Source(TUNING, f"{place}: mean validation_accuracy at factor {cell.chosen}", *best)
    ledger.add(f"{key}.validation", cell.best.mean_validation, PERCENT, source)
    own = _own_records(results, cell)
    source = Source(TUNING, f"{place}: mean test_accuracy at factor {OWN_RATE}", *own)
    ledger.add(f"{key}.first", cell.own.mean_test, PERCENT, source)
    subtraction = f"{place}: mean test_accuracy at factor {cell.chosen} - at factor {OWN_RATE}"
    both = (tuple(dict.fromkeys(best[0] + own[0])), tuple(dict.fromkeys(best[1] + own[1])))
    ledger.add(f"{key}.gain", cell.gain, DIFFERENCE, Source(TUNING, subtraction, *both))


def _own_records(results: Results, cell: TunedCell) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Records at the configuration's own rate, of the runs that completed, and what these were told."""
    files = []
    for run in results.study.runs:
        completed = cell.own.test_accuracy[results.study.seeds.index(run.seed)] is not None
        if (run.architecture, run.configuration) == (cell.architecture, cell.configuration) and completed:
            files.append(str(run.record_path))
    return tuple(files), (str(RunSettings.path(cell.architecture, cell.configuration)),)


def _choices(ledger: Ledger, results: Results) -> None:
    """How many cells keep their own rate, of how many the best is where the grid ends, and how clear choices are."""
    cells = [cell for cell in results.tuning.cells if cell.best.completed]
    rows = results.card.splits["validation"].rows
    ledger.add("tuning.texts", rows, COUNT, Source(Card.path(), "splits.validation.rows"), optional=True)
    close = sum(cell.rivals(rows) > 0 for cell in cells)
    source = Source(TUNING, "cells where another rate is within one standard error of mean validation_accuracy")
    ledger.add("tuning.close", close, COUNT, source, optional=True)
    kept = sum(cell.chosen == OWN_RATE for cell in cells)
    source = Source(TUNING, "number of cells of which some run completed")
    ledger.add("tuning.cells", len(cells), COUNT, source, optional=True)
    ledger.add("tuning.kept", kept, COUNT, Source(TUNING, f"cells where chosen is {OWN_RATE}"), optional=True)
    tried = [score for cell in results.tuning.cells for rate in cell.rates for score in rate.test_accuracy]
    ledger.add("tuning.failed", tried.count(None), COUNT, Source(TUNING, "test_accuracy that is null"), optional=True)
    for edge in ("lowest", "highest"):
        count = sum(cell.edge == edge for cell in cells)
        ledger.add(f"tuning.{edge}", count, COUNT, Source(TUNING, f"cells where edge is {edge}"), optional=True)


def _gains(ledger: Ledger, tuning: Tuning) -> None:
    gains = [cell.gain for cell in tuning.cells if cell.gain is not None]
    if not gains:
        return
    for name, value in {"least": min(gains), "median": median(gains), "most": max(gains)}.items():
        source = Source(TUNING, f"{name} gain in mean test_accuracy of a cell's chosen rate over its own")
        ledger.add(f"tuning.gain_{name}", value, DIFFERENCE, source, optional=True)
    source = Source(TUNING, "cells whose runs at own and at chosen rate completed")
    ledger.add("tuning.compared", len(gains), COUNT, source, optional=True)
    lost = sum(gain < 0 for gain in gains)
    ledger.add("tuning.lost", lost, COUNT, Source(TUNING, "cells with a gain below zero"), optional=True)


def _order(ledger: Ledger, results: Results, architecture: str) -> None:
    """Whether tuning changes which configurations come first, and how far the best adapter is from full fine-tuning."""
    cells = {}
    for cell in results.tuning.cells:
        if cell.architecture == architecture and cell.gain is not None:
            cells[cell.configuration] = cell
    first = {name: cell.own.mean_test for name, cell in cells.items()}
    best = {name: cell.best.mean_test for name, cell in cells.items()}
    if len(cells) > 2:
        agreement = float(kendalltau(list(first.values()), list(best.values())).statistic)
        source = Source(TUNING, f"Kendall's tau-b of mean test_accuracy at own and at chosen rates, {architecture}")
        ledger.add(f"{architecture}.tuning.agreement", agreement, SCORE, source, optional=True)
    full, adapters = results.study.reference, [name for name in results.base_rate_adapters if name in cells]
    if full not in cells or not adapters:
        return
    for rates, means in (("first", first), ("best", best)):
        difference = max(means[name] for name in adapters) - means[full]
        source = Source(
            TUNING, f"best adapter of {architecture} at {rates} rates - full fine-tuning: mean test_accuracy"
        )
        ledger.add(f"{architecture}.tuning.{rates}_gap", difference, DIFFERENCE, source, optional=True)
        ledger.add(f"{architecture}.tuning.{rates}_distance", abs(difference), POINTS, source, optional=True)
