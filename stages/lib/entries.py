"""What goes into the ledger of numbers: every quantity that the report may print, with its source."""

from pathlib import Path

import pandas as pd

from stages.lib import entries_conduct as conduct
from stages.lib import entries_published as published
from stages.lib import real_reviews
from stages.lib.baselines import BASELINES
from stages.lib.card import CARD
from stages.lib.cells import STUDY
from stages.lib.ledger import Ledger, Origin
from stages.lib.numbers import (
    COUNT,
    DIFFERENCE,
    FACTOR,
    LOSS,
    PERCENT,
    POINTS,
    SCALE,
    SCORE,
    SECONDS,
    SHARE,
    memory_unit,
    parameter_unit,
)
from stages.lib.provenance import Pipeline
from stages.lib.results import Results
from stages.lib.runs import CELL, FAILED, RUNS, SUMMARY, pairs, reference
from stages.lib.statistics import STATISTICS

CLOSE = 0.01  # a fraction of accuracy: what the report calls close
HERE = Path("stages/lib/entries.py")


def build(results: Results) -> Ledger:
    """The whole ledger, nothing printed yet."""
    ledger = Ledger(Pipeline())
    ledger.holes = {f"{a}.{c}" for a, c in results.cells.index[results.cells["seeds"] == 0]}
    for enter in (
        _grid,
        _training,
        _configurations,
        _data,
        _baselines,
        _bases,
        _cells,
        _comparisons,
        _seeds,
        _statistics,
        published.enter,
        conduct.enter,
    ):
        enter(ledger, results)
    if results.real is not None:
        real_reviews.enter(ledger, results.real, results.study)
    return ledger


def _grid(ledger: Ledger, results: Results) -> None:
    study, cells = results.study, results.study.cells
    by_role = {role: sum(cell.role == role for cell in cells) for role in ("train", "probe")}
    counts = {
        "runs": (len(cells), "length of cells"),
        "train_runs": (by_role["train"], "cells where role is train"),
        "configurations": (len({c.configuration for c in cells if c.role == "train"}), "configurations of role train"),
        "seeds": (len(study.seeds), "length of seeds"),
    }
    for key, (value, source_key) in counts.items():
        ledger.add(f"grid.{key}", value, COUNT, Origin(STUDY, source_key))
    for index, run in enumerate(results.failed.itertuples()):
        ledger.add(f"failed.{index}.seed", str(run.seed), COUNT, Origin(FAILED, f"seed of row {index}"))
    if len(results.failed):
        ledger.add("grid.failed", len(results.failed), COUNT, Origin(FAILED, "number of rows"))
    probes = Origin(STUDY, "cells where role is probe")
    ledger.add("grid.probe_runs", by_role["probe"], COUNT, probes, optional=True)
    for index, seed in enumerate(study.seeds):
        ledger.add(f"grid.seed.{index}", str(seed), COUNT, Origin(STUDY, f"seeds.{index}"))


def _training(ledger: Ledger, results: Results) -> None:
    study = results.study
    for name, key in (("base", "lr"), ("probe", "lr_probe")):
        ledger.add_rate(f"rate.{name}", getattr(study, key), Origin(STUDY, key))
        scaled = Origin(STUDY, f"{key} * lr_scale")
        ledger.add_rate(f"rate.{name}_effective", getattr(study, key) * study.lr_scale, scaled, optional=True)
    ledger.add("rate.probe_plain", f"{study.lr_probe:g}", COUNT, Origin(STUDY, "lr_probe"))
    scale = COUNT if study.lr_scale % 1 == 0 else FACTOR
    ledger.add("rate.scale", study.lr_scale, scale, Origin(STUDY, "lr_scale"), optional=True)
    for field in ("epochs", "batch_size", "gradient_accumulation"):
        ledger.add(f"train.{field}", getattr(study.train, field), COUNT, Origin(STUDY, f"train.{field}"))
    effective = study.train.batch_size * study.train.gradient_accumulation
    source = Origin(STUDY, "train.batch_size * train.gradient_accumulation")
    ledger.add("train.effective_batch", effective, COUNT, source)
    ledger.add("train.max_length", study.max_length, COUNT, Origin(STUDY, "max_length"))
    ledger.add("close", CLOSE, POINTS._replace(decimals=0), Origin(HERE, "CLOSE"), optional=True)


def _configurations(ledger: Ledger, results: Results) -> None:
    """What Table II prints: settings as the first run of each configuration recorded them."""
    for _, run in results.runs.drop_duplicates("configuration").iterrows():
        name = run["configuration"]
        ledger.add(f"configuration.{name}.exp", str(run["exp_id"]), COUNT, results.origin("exp_id", name))
        for field in ("rank", "alpha", "dropout"):
            plain = None if pd.isna(run[field]) else f"{run[field]:g}"
            ledger.add(f"configuration.{name}.{field}", plain, COUNT, results.origin(field, name))
        for field in ("nominal_learning_rate", "learning_rate"):
            ledger.add_rate(f"configuration.{name}.{field}", run[field], results.origin(field, name))


def _data(ledger: Ledger, results: Results) -> None:
    card = results.card
    for name, split in card.splits.items():
        fields = {
            "rows": (split.rows, COUNT),
            "source_rows": (split.rows_in_source, COUNT),
            "duplicates_removed": (split.duplicates_removed, COUNT),
            "balance": (split.balance, SHARE),
        }
        for field, (value, unit) in fields.items():
            ledger.add(f"data.{name}.{field}", value, unit, Origin(CARD, f"splits.{name}.{field}"), optional=True)
        if split.words is not None:
            for field in ("median", "p95"):
                source = Origin(CARD, f"splits.{name}.words.{field}")
                ledger.add(f"data.{name}.words_{field}", getattr(split.words, field), COUNT, source, optional=True)
    ledger.add("data.ceiling", card.ceiling_accuracy, SHARE, Origin(CARD, "ceiling_accuracy"))
    leaked = Origin(CARD, "leakage.test_in_train_after")
    ledger.add("data.test_in_train_after", card.leakage.test_in_train_after, COUNT, leaked, optional=True)


def _baselines(ledger: Ledger, results: Results) -> None:
    bag = "tfidf_logistic_regression"
    scores = {
        "majority": (results.baselines.majority.test_accuracy, "majority.test_accuracy"),
        "bag": (results.baselines.tfidf_logistic_regression.test_accuracy, f"{bag}.test_accuracy"),
        "bag_f1": (results.baselines.tfidf_logistic_regression.test_f1_macro, f"{bag}.test_f1_macro"),
        "ceiling": (results.baselines.ceiling_accuracy, "ceiling_accuracy"),
    }
    for name, (value, key) in scores.items():
        ledger.add(f"baseline.{name}", value, PERCENT, Origin(BASELINES, key))
    features = Origin(BASELINES, f"{bag}.features")
    ledger.add("baseline.features", results.baselines.tfidf_logistic_regression.features, COUNT, features)
    headline = results.cells[results.cells["role"] == "train"]
    above = (headline["test_accuracy_mean"] > results.baselines.tfidf_logistic_regression.test_accuracy).sum()
    source = Origin(SUMMARY, f"headline cells whose test_accuracy_mean exceeds {bag}.test_accuracy of {BASELINES}")
    ledger.add("baseline.above", above, COUNT, source)
    ledger.add("baseline.cells", len(headline), COUNT, Origin(SUMMARY, "headline cells"))


def _bases(ledger: Ledger, results: Results) -> None:
    if not results.bases:
        return
    sizes = parameter_unit(pd.Series([report.parameters for report in results.bases.values()]))
    units = {"vocab_size": COUNT, "parameters": sizes}
    units |= dict.fromkeys(("mlm_loss_first", "mlm_loss_last", "mlm_loss_unigram"), LOSS)
    units |= dict.fromkeys(("rating_accuracy", "probe_accuracy", "probe_accuracy_random"), SHARE)
    for name, report in results.bases.items():
        for field, unit in units.items():
            source = Origin(f"metrics/base/{name}.json", field)
            ledger.add(f"base.{name}.{field}", getattr(report, field), unit, source, optional=field != "parameters")


def _cells(ledger: Ledger, results: Results) -> None:
    cells, full = results.cells, reference(results.study)
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
            source = Origin(SUMMARY, f"{name}.{column}", *records)
            ledger.add(f"{name}.{key}", cell[column], unit, source, optional=probe)
        share = cell["trainable_parameters"] / cell["total_parameters"]
        source = Origin(RUNS, "trainable_parameters / total_parameters", *records)
        ledger.add(f"{name}.trainable_share", share, SHARE, source, optional=probe)
        if cell["seeds"] > 1:
            _extent(ledger, name, cell, records)
        if full is not None and configuration != full and (architecture, full) in cells.index:
            _compare(ledger, results, architecture, full, configuration)


def _extent(ledger: Ledger, name: str, cell: pd.Series, records: tuple) -> None:
    low, high = cell["test_accuracy_min"], cell["test_accuracy_max"]
    ledger.add(f"{name}.lowest", low, PERCENT, Origin(RUNS, "least test_accuracy", *records))
    ledger.add(f"{name}.highest", high, PERCENT, Origin(RUNS, "greatest test_accuracy", *records))
    ledger.add(f"{name}.range", high - low, POINTS, Origin(RUNS, "max - min of test_accuracy", *records))


def _comparisons(ledger: Ledger, results: Results) -> None:
    """Pairs that differ in one choice; those against full fine-tuning are entered with the cells."""
    found = {
        pair for fields in (["rank", "alpha"], ["placement"], ["method"]) for pair in pairs(results.study, *fields)
    }
    found |= {pair for pair in pairs(results.study, "lr") if pair[0] != reference(results.study)}
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
    ledger.add(f"{key}.difference", mean, DIFFERENCE, Origin(SUMMARY, expression, *records), optional=True)
    ledger.add(f"{key}.distance", abs(mean), POINTS, Origin(SUMMARY, f"abs({expression})", *records), optional=True)
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
            source = Origin(SUMMARY, f"{b}.{column} / {a}.{column}", *records)
            ledger.add(f"{key}.{name}", after / before, FACTOR, source, optional=True)


def _seeds(ledger: Ledger, results: Results) -> None:
    """How far a configuration's runs lie apart, and what their number cannot show."""
    limits = results.statistics.limits
    if limits.t_interval_factor is None:
        return
    extent = results.cells["test_accuracy_max"] - results.cells["test_accuracy_min"]
    source = Origin(RUNS, "largest max - min of test_accuracy in a cell")
    ledger.add("seeds.range_largest", extent.max(), POINTS, source)
    source = Origin(RUNS, "median over cells of max - min of test_accuracy")
    ledger.add("seeds.range_median", extent.median(), POINTS, source)
    smallest = Origin(STATISTICS, "limits.smallest_permutation_p")
    ledger.add_p("seeds.smallest_p", limits.smallest_permutation_p, smallest)
    enough = Origin(STATISTICS, "limits.seeds_for_permutation_p_below_level")
    ledger.add("seeds.enough", limits.seeds_for_permutation_p_below_level, COUNT, enough)
    factor = Origin(STATISTICS, "limits.t_interval_factor")
    ledger.add("seeds.t_factor", limits.t_interval_factor, SCALE, factor)


def _statistics(ledger: Ledger, results: Results) -> None:
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


def _of(key: str, *records: tuple[str, ...]) -> Origin:
    return Origin(STATISTICS, key, *records)
