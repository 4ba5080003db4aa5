"""Numbers of the results: cells, comparisons, seeds, intervals, calibration, frontiers."""

import math

import pandas as pd

from stages.analysis.costs import COMPARED, compared_time, evaluation_time
from stages.analysis.runs import CELL, RUNS, SUMMARY
from stages.analysis.statistics import Statistics
from stages.report.entries.inputs import MACRO_F1, Results
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
    WHOLE_SHARE,
    checkpoint_unit,
    memory_unit,
    parameter_unit,
)

STATISTICS = Statistics.path()


def enter_results(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (_cells, _choices, _seeds, _statistics, _intervals, _costs, _frontiers, _calibration):
        part(ledger, results)


def _cells(ledger: Ledger, results: Results) -> None:
    """Means over seeds; numbers of probes are optional, since no table has them all."""
    cells, full = results.cells, results.study.reference
    time = compared_time(results.runs).column
    sizes, memory = parameter_unit(cells["total_parameters"]), memory_unit(cells["peak_memory_bytes_mean"])
    columns = {
        "test_accuracy_mean": ("accuracy", PERCENT),
        "test_accuracy_sd": ("accuracy_sd", POINTS),
        "test_f1_macro_mean": ("f1", PERCENT),
        "compared_seconds": ("seconds", SECONDS),
        "peak_memory_bytes_mean": ("memory", memory),
        "trainable_parameters": ("trainable", sizes),
    }
    shares = trained_shares(results.runs)
    for (architecture, configuration), cell in cells.iterrows():
        name, probe = f"{architecture}.{configuration}", cell["role"] == "probe"
        records = results.records(architecture, configuration)
        for column, (key, unit) in columns.items():
            source = Source(SUMMARY, f"{name}.{column}", *records)
            if column == "compared_seconds":
                source = Source(RUNS, f"least {time} a step of the work of {name}, times steps", *records)
            is_left_out = probe or (key == "f1" and results.measure != MACRO_F1)
            ledger.add(f"{name}.{key}", cell[column], unit, source, optional=is_left_out)
        _stored(ledger, results, architecture, configuration)
        share = shares.get((architecture, configuration), math.nan)
        source = Source(RUNS, "trainable_parameters / (total_parameters - adapter_parameters)", *records)
        ledger.add(f"{name}.trainable_share", share, SHARE, source, optional=probe)
        if full is not None and configuration != full and (architecture, full) in cells.index:
            _compare(ledger, results, architecture, full, configuration)


def trained_shares(runs: pd.DataFrame) -> pd.Series:
    """By cell, the share of parameters that trains, of what full fine-tuning would train: adapters are no part of it.

    The one denominator of the report; cells without a run are left out.
    """
    first = runs.drop_duplicates(CELL).set_index(CELL)
    return first["trainable_parameters"] / (first["total_parameters"] - first["adapter_parameters"])


def _stored(ledger: Ledger, results: Results, architecture: str, configuration: str) -> None:
    """What a run leaves on disk, and how long it takes to test: means over seeds."""
    runs = results.runs
    of_cell = runs[(runs["architecture"] == architecture) & (runs["configuration"] == configuration)]
    records, probe = results.records(architecture, configuration), results.is_probe(architecture, configuration)
    stored = Source(RUNS, "mean of checkpoint_bytes", *records)
    size = of_cell["checkpoint_bytes"].mean()
    unit = checkpoint_unit(runs["checkpoint_bytes"])
    ledger.add(f"{architecture}.{configuration}.checkpoint", size, unit, stored, optional=probe)
    tested = Source(RUNS, f"mean of {evaluation_time(runs)}", *records)
    seconds = of_cell[evaluation_time(runs)].mean()
    ledger.add(f"{architecture}.{configuration}.evaluation", seconds, SECONDS, tested, optional=probe)


def _choices(ledger: Ledger, results: Results) -> None:
    """Pairs that differ in one choice; those against full fine-tuning are entered with the cells."""
    for first, second in results.study.steps:
        if first != results.study.reference:
            for architecture in results.study.architectures:
                _compare(ledger, results, architecture, first, second)


def _compare(ledger: Ledger, results: Results, architecture: str, first: str, second: str) -> None:
    """``difference`` (signed) and ``distance`` of accuracy, second minus first; ratios of cost, second over first."""
    key = f"{architecture}.{second}.vs.{first}"
    records = results.records(architecture, first, second)
    difference = results.mean(architecture, second) - results.mean(architecture, first)
    subtraction = f"{architecture}.{second}.test_accuracy_mean - {architecture}.{first}.test_accuracy_mean"
    signed, absolute = Source(SUMMARY, subtraction, *records), Source(SUMMARY, f"abs({subtraction})", *records)
    ledger.add(f"{key}.difference", difference, DIFFERENCE, signed, optional=True)
    ledger.add(f"{key}.distance", abs(difference), POINTS, absolute, optional=True)
    if results.measure == MACRO_F1:
        column = MACRO_F1.column
        f1 = results.mean(architecture, second, column) - results.mean(architecture, first, column)
        subtraction = f"{architecture}.{second}.{column} - {architecture}.{first}.{column}"
        ledger.add(f"{key}.f1_difference", f1, DIFFERENCE, Source(SUMMARY, subtraction, *records), optional=True)
        source = Source(SUMMARY, f"abs({subtraction})", *records)
        ledger.add(f"{key}.f1_distance", abs(f1), POINTS, source, optional=True)
    test = results.comparison(architecture, first, second)
    if test is not None:
        source = Source(STATISTICS, f"comparisons where {architecture}, {test.first}, {test.second}", *records)
        low, high = test.interval.low, test.interval.high
        if test.first != first:  # it was made the other way round
            low, high = -high, -low
        ledger.add_p(f"{key}.p", test.p, source, optional=True)
        ledger.add(f"{key}.low", low, DIFFERENCE, source, optional=True)
        ledger.add(f"{key}.high", high, DIFFERENCE, source, optional=True)
    for name, column in (("seconds_ratio", "compared_seconds"), ("memory_ratio", "compared_bytes")):
        before, after = results.mean(architecture, first, column), results.mean(architecture, second, column)
        if before:
            division = f"{column} of {architecture}.{second} / {architecture}.{first}"
            source = Source(RUNS, division, *records)
            ledger.add(f"{key}.{name}", after / before, FACTOR, source, optional=True)


def _seeds(ledger: Ledger, results: Results) -> None:
    """How far a configuration's runs lie apart, and what their number cannot show."""
    limits = results.statistics.limits
    if limits.t_interval_factor is None:  # one seed
        return
    extent = results.cells["test_accuracy_max"] - results.cells["test_accuracy_min"]
    source = Source(RUNS, "largest max - min of test_accuracy in a cell")
    ledger.add("seeds.range_largest", extent.max(), POINTS, source)
    source = Source(RUNS, "median over cells of max - min of test_accuracy")
    ledger.add("seeds.range_median", extent.median(), POINTS, source)
    smallest = Source(STATISTICS, "limits.smallest_permutation_p")
    ledger.add_p("seeds.smallest_p", limits.smallest_permutation_p, smallest)
    enough = Source(STATISTICS, "limits.seeds_for_permutation_p_below_level")
    ledger.add("seeds.enough", limits.seeds_for_permutation_p_below_level, COUNT, enough)


def _statistics(ledger: Ledger, results: Results) -> None:
    """How the tests were made, and how many of the family find a difference."""
    statistics = results.statistics
    ledger.add("statistics.confidence", statistics.confidence, WHOLE_SHARE, Source(STATISTICS, "confidence"))
    ledger.add("statistics.level", statistics.level, WHOLE_SHARE, Source(STATISTICS, "level"))
    ledger.add("statistics.resamples", statistics.resamples, COUNT, Source(STATISTICS, "resamples"))
    tests = statistics.comparisons
    source = Source(STATISTICS, "length of comparisons")
    ledger.add("statistics.comparisons", len(tests), COUNT, source, optional=True)
    distinguishable = sum(test.verdict == "distinguishable" for test in tests)
    source = Source(STATISTICS, "comparisons that are distinguishable")
    ledger.add("statistics.distinguishable", distinguishable, COUNT, source, optional=True)


def _intervals(ledger: Ledger, results: Results) -> None:
    for accuracy in results.statistics.accuracy:
        architecture, configuration = accuracy.architecture, accuracy.configuration
        name, probe = f"{architecture}.{configuration}", results.is_probe(architecture, configuration)
        records = results.records(architecture, configuration)
        for end, value in (("low", accuracy.interval.low), ("high", accuracy.interval.high)):
            source = Source(STATISTICS, f"accuracy where {name}: interval.{end}", *records)
            ledger.add(f"{name}.interval_{end}", value, PERCENT, source, optional=probe)


def _frontiers(ledger: Ledger, results: Results) -> None:
    """How often a cell is on the frontier of its architecture under resampling."""
    for place in results.statistics.frontiers:
        if place.cost in COMPARED:
            name = f"{place.architecture}.{place.configuration}"
            source = Source(STATISTICS, f"frontiers where {name}, {place.cost}, probability")
            ledger.add(f"{name}.frontier_{place.cost}", place.probability, WHOLE_SHARE, source)


def _costs(ledger: Ledger, results: Results) -> None:
    """How costs were compared; nothing of statistics that older versions wrote."""
    costs = results.statistics.costs
    if costs is None:
        return
    disturbed = Source(STATISTICS, "costs: disturbed_runs")
    ledger.add("cost.disturbed_runs", costs.disturbed_runs, COUNT, disturbed, optional=True)
    tolerance = Source(STATISTICS, "costs: tolerance")
    ledger.add("cost.tolerance", costs.tolerance, WHOLE_SHARE, tolerance, optional=True)
    ledger.add("cost.stretch", costs.stretch, SCALE, Source(STATISTICS, "costs: stretch"), optional=True)
    scatter = Source(STATISTICS, "costs: least_scatter")
    ledger.add("cost.least_scatter", costs.least_scatter, WHOLE_SHARE, scatter)


def _calibration(ledger: Ledger, results: Results) -> None:
    runs = pd.DataFrame([run.model_dump() for run in results.statistics.calibration])
    for (architecture, configuration), runs_of_cell in runs.groupby(CELL, sort=False):
        name, probe = f"{architecture}.{configuration}", results.is_probe(architecture, configuration)
        records = results.records(architecture, configuration)
        for field, key, unit in (("expected_calibration_error", "ece", PERCENT), ("brier_score", "brier", SCORE)):
            source = Source(STATISTICS, f"mean of {field} over calibration where {name}", *records)
            ledger.add(f"{name}.{key}", runs_of_cell[field].mean(), unit, source, optional=probe)
