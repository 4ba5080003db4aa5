"""Numbers of the results: cells, comparisons, seeds, intervals, calibration, frontiers."""

import pandas as pd

from stages.analysis.runs import CELL, RUNS, SUMMARY
from stages.analysis.statistics import Statistics
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import (
    COUNT,
    DIFFERENCE,
    FACTOR,
    PERCENT,
    POINTS,
    SCALE,
    SCORE,
    SECONDS,
    SHARE,
    memory_unit,
    parameter_unit,
)


def enter_cells(ledger: Ledger, results: Results) -> None:
    cells, full = results.cells, results.study.reference
    sizes, memory = parameter_unit(cells["total_parameters"]), memory_unit(cells["peak_memory_bytes_mean"])
    units = {
        "test_accuracy_mean": ("accuracy", PERCENT),
        "test_accuracy_sd": ("accuracy_sd", POINTS),
        "test_f1_macro_mean": ("f1", PERCENT),
        "train_seconds_mean": ("seconds", SECONDS),
        "peak_memory_bytes_mean": ("memory", memory),
        "trainable_parameters": ("trainable", sizes),
    }
    for (architecture, configuration), cell in cells.iterrows():
        name, probe = f"{architecture}.{configuration}", cell["role"] == "probe"
        records = results.records(configuration, architecture)
        for column, (key, unit) in units.items():
            source = Source(SUMMARY, f"{name}.{column}", *records)
            ledger.add(f"{name}.{key}", cell[column], unit, source, optional=probe)
        share = cell["trainable_parameters"] / cell["total_parameters"]
        source = Source(RUNS, "trainable_parameters / total_parameters", *records)
        ledger.add(f"{name}.trainable_share", share, SHARE, source, optional=probe)
        if cell["seeds"] > 1:
            _extent(ledger, name, cell, records)
        if full is not None and configuration != full and (architecture, full) in cells.index:
            _compare(ledger, results, architecture, full, configuration)


def _extent(ledger: Ledger, name: str, cell: pd.Series, records: tuple) -> None:
    low, high = cell["test_accuracy_min"], cell["test_accuracy_max"]
    ledger.add(f"{name}.lowest", low, PERCENT, Source(RUNS, "least test_accuracy", *records))
    ledger.add(f"{name}.highest", high, PERCENT, Source(RUNS, "greatest test_accuracy", *records))
    ledger.add(f"{name}.range", high - low, POINTS, Source(RUNS, "max - min of test_accuracy", *records))


def enter_comparisons(ledger: Ledger, results: Results) -> None:
    """Pairs that differ in one choice; those against full fine-tuning are entered with the cells."""
    found = {pair for fields in (["rank", "alpha"], ["placement"], ["method"]) for pair in results.study.pairs(*fields)}
    found |= {pair for pair in results.study.pairs("lr") if pair[0] != results.study.reference}
    for first, second in sorted(found):
        for architecture in results.study.architectures:
            _compare(ledger, results, architecture, first, second)


def _compare(ledger: Ledger, results: Results, architecture: str, first: str, second: str) -> None:
    """``difference`` (signed) and ``distance`` of accuracy, second minus first; ratios of cost, second over first."""
    key = f"{architecture}.{second}.vs.{first}"
    mean = results.mean(architecture, second) - results.mean(architecture, first)
    a, b = (f"{architecture}.{name}" for name in (first, second))
    expression = f"{b}.test_accuracy_mean - {a}.test_accuracy_mean"
    records = tuple(x + y for x, y in zip(*(results.records(c, architecture) for c in (first, second)), strict=True))
    ledger.add(f"{key}.difference", mean, DIFFERENCE, Source(SUMMARY, expression, *records), optional=True)
    ledger.add(f"{key}.distance", abs(mean), POINTS, Source(SUMMARY, f"abs({expression})", *records), optional=True)
    if (test := results.comparison(architecture, first, second)) is not None:
        source = _of(f"comparisons where {architecture}, {test.first}, {test.second}", *records)
        ledger.add_p(f"{key}.p", test.p_holm, source, optional=True)
        ends = (test.interval.low, test.interval.high)
        low, high = ends if test.first == first else (-ends[1], -ends[0])
        ledger.add(f"{key}.low", low, DIFFERENCE, source, optional=True)
        ledger.add(f"{key}.high", high, DIFFERENCE, source, optional=True)
    for name, column in (
        ("seconds_ratio", "train_seconds_mean"),
        ("memory_ratio", "peak_memory_bytes_mean"),
    ):
        before, after = (results.mean(architecture, c, column) for c in (first, second))
        if before:
            source = Source(SUMMARY, f"{b}.{column} / {a}.{column}", *records)
            ledger.add(f"{key}.{name}", after / before, FACTOR, source, optional=True)


def enter_seeds(ledger: Ledger, results: Results) -> None:
    """How far a configuration's runs lie apart, and what their number cannot show."""
    limits = results.statistics.limits
    if limits.t_interval_factor is None:
        return
    extent = results.cells["test_accuracy_max"] - results.cells["test_accuracy_min"]
    source = Source(RUNS, "largest max - min of test_accuracy in a cell")
    ledger.add("seeds.range_largest", extent.max(), POINTS, source)
    source = Source(RUNS, "median over cells of max - min of test_accuracy")
    ledger.add("seeds.range_median", extent.median(), POINTS, source)
    smallest = Source(Statistics.path(), "limits.smallest_permutation_p")
    ledger.add_p("seeds.smallest_p", limits.smallest_permutation_p, smallest)
    enough = Source(Statistics.path(), "limits.seeds_for_permutation_p_below_level")
    ledger.add("seeds.enough", limits.seeds_for_permutation_p_below_level, COUNT, enough)
    factor = Source(Statistics.path(), "limits.t_interval_factor")
    ledger.add("seeds.t_factor", limits.t_interval_factor, SCALE, factor)


def enter_statistics(ledger: Ledger, results: Results) -> None:
    """Intervals of the accuracies, the family of tests, calibration, and places on the frontiers."""
    statistics = results.statistics
    ledger.add("statistics.confidence", statistics.confidence, SHARE._replace(decimals=0), _of("confidence"))
    ledger.add("statistics.level", statistics.level, SHARE._replace(decimals=0), _of("level"))
    ledger.add("statistics.resamples", statistics.resamples, COUNT, _of("resamples"))
    clear = sum(c.verdict == "distinguishable" for c in statistics.comparisons)
    ledger.add(
        "statistics.comparisons", len(statistics.comparisons), COUNT, _of("length of comparisons"), optional=True
    )
    ledger.add("statistics.distinguishable", clear, COUNT, _of("comparisons that are distinguishable"), optional=True)
    for entry in statistics.accuracy:
        name = f"{entry.architecture}.{entry.configuration}"
        probe = results.cells.loc[(entry.architecture, entry.configuration), "role"] == "probe"
        records = results.records(entry.configuration, entry.architecture)
        for end in ("low", "high"):
            source = _of(f"accuracy where {name}: interval.{end}", *records)
            ledger.add(f"{name}.interval_{end}", getattr(entry.interval, end), PERCENT, source, optional=probe)
    for entry in statistics.frontiers:
        if entry.among == "architecture":
            name = f"{entry.architecture}.{entry.configuration}"
            source = _of(f"frontiers where {name}, {entry.cost}, among architecture: probability")
            ledger.add(f"{name}.frontier_{entry.cost}", entry.probability, SHARE._replace(decimals=0), source)
    _calibration(ledger, results)


def _calibration(ledger: Ledger, results: Results) -> None:
    runs = pd.DataFrame([entry.model_dump() for entry in results.statistics.calibration])
    for (architecture, configuration), own in runs.groupby(CELL, sort=False):
        name = f"{architecture}.{configuration}"
        probe = results.cells.loc[(architecture, configuration), "role"] == "probe"
        records = results.records(configuration, architecture)
        for field, key, unit in (("expected_calibration_error", "ece", PERCENT), ("brier_score", "brier", SCORE)):
            source = _of(f"mean of {field} over calibration where {name}", *records)
            ledger.add(f"{name}.{key}", own[field].mean(), unit, source, optional=probe)


def _of(key: str, *records: tuple[str, ...]) -> Source:
    return Source(Statistics.path(), key, *records)
