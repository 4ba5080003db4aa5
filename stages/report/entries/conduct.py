"""Numbers of how the study was conducted: costs against full fine-tuning, fit, audit, machine."""

import pandas as pd

from stages.analysis.baselines import Baselines
from stages.analysis.runs import RUNS, SUMMARY
from stages.analysis.statistics import Statistics
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, FACTOR, HOURS, PERCENT, POINTS, SHARE, WATT_HOURS


def enter(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (_costs, _spans, _tests_against_full, _fit, _calibration, _audit, _machine, _versions):
        part(ledger, results)


def _costs(ledger: Ledger, results: Results) -> None:
    """Least and greatest ratio of the adapters' costs to those of full fine-tuning on the same architecture."""
    full, headline = results.study.reference, results.cells[results.cells["role"] == "train"]
    adapters = [name for name in results.base_rate_adapters if name in headline.index.get_level_values(1)]
    if full not in headline.index.get_level_values(1) or not adapters:
        return
    columns = {"memory": "peak_memory_bytes_mean", "seconds": "train_seconds_mean", "share": "trainable_parameters"}
    for key, column in columns.items():
        ratios = [
            results.mean(a, name, column) / whole
            for a in results.study.architectures
            if results.made(a, [full])
            for name in results.made(a, adapters)
            if (whole := results.mean(a, full, column))
        ]
        for end, value in (("least", min(ratios, default=None)), ("most", max(ratios, default=None))):
            source = Source(SUMMARY, f"{end} {column} of a base-rate adapter over that of {full}")
            ledger.add(f"cost.{key}_{end}", value, SHARE if key == "share" else FACTOR, source, optional=True)


def _spans(ledger: Ledger, results: Results) -> None:
    """By architecture: how far the adapters lie apart, and full fine-tuning from the best that can be reached."""
    full, cells, ceiling = results.study.reference, results.cells, results.baselines.ceiling_accuracy
    for architecture in results.study.architectures:
        scores = [results.mean(architecture, name) for name in results.made(architecture, results.base_rate_adapters)]
        if scores:
            source = Source(SUMMARY, f"max - min of test_accuracy_mean over base-rate adapters of {architecture}")
            ledger.add(f"{architecture}.adapters_span", max(scores) - min(scores), POINTS, source, optional=True)
        if ceiling is not None and (architecture, full) in cells.index and results.made(architecture, [full]):
            left = ceiling - results.mean(architecture, full)
            source = Source(
                SUMMARY, f"ceiling_accuracy of {Baselines.path()} - {architecture}.{full}.test_accuracy_mean"
            )
            ledger.add(f"{architecture}.to_ceiling", left, POINTS, source, optional=True)


def _tests_against_full(ledger: Ledger, results: Results) -> None:
    """How many adapters the paired tests tell from full fine-tuning, over all architectures."""
    full = results.study.reference
    found = [
        test
        for a in results.study.architectures
        for name in results.base_rate_adapters
        if full and (test := results.comparison(a, full, name)) is not None
    ]
    clear = sum(test.verdict == "distinguishable" for test in found)
    pairs = "comparisons of a base-rate adapter with full fine-tuning"
    ledger.add("against_full.tested", len(found), COUNT, Source(Statistics.path(), pairs), optional=True)
    source = Source(Statistics.path(), f"{pairs} that are distinguishable")
    ledger.add("against_full.distinguishable", clear, COUNT, source, optional=True)


def _fit(ledger: Ledger, results: Results) -> None:
    """Which epoch was kept, how far macro-F1 departs from accuracy, and which way the errors lean."""
    runs, cells = results.runs, results.cells
    last = (runs["selected_epoch"] == results.study.train.epochs).sum()
    ledger.add("fit.last_epoch_runs", last, COUNT, Source(RUNS, "rows whose selected_epoch is the last"), optional=True)
    gap = (cells["test_accuracy_mean"] - cells["test_f1_macro_mean"]).abs().max()
    source = Source(SUMMARY, "largest abs(test_accuracy_mean - test_f1_macro_mean)")
    ledger.add("fit.f1_gap", gap, POINTS, source)
    lean = (runs["false_positives"] > runs["false_negatives"]).sum()
    source = Source(RUNS, "rows with false_positives > false_negatives")
    ledger.add("fit.positive_lean_runs", lean, COUNT, source)


def _calibration(ledger: Ledger, results: Results) -> None:
    runs = pd.DataFrame([entry.model_dump() for entry in results.statistics.calibration])
    means = runs.groupby(["architecture", "configuration"])["expected_calibration_error"].mean()
    means = means[[key for key in means.index if results.cells.loc[key, "role"] == "train"]]
    for end, value in (("least", means.min()), ("most", means.max())):
        source = Source(Statistics.path(), f"{end} mean of expected_calibration_error over a headline cell's runs")
        ledger.add(f"calibration.{end}", value, PERCENT, source, optional=True)


def _audit(ledger: Ledger, results: Results) -> None:
    for field in ("new_but_frozen", "trainable_but_dead"):
        column = f"{field}_parameters"
        largest, count = results.runs[column].max(), (results.runs[column] > 0).sum()
        ledger.add(f"audit.{field}", largest, COUNT, Source(RUNS, f"largest {column}"), optional=True)
        ledger.add(f"audit.{field}_runs", count, COUNT, Source(RUNS, f"runs with {column} > 0"), optional=True)


def _machine(ledger: Ledger, results: Results) -> None:
    runs = results.runs
    spent = runs[["startup_seconds", "train_seconds", "evaluation_seconds", "saving_seconds"]].sum().sum()
    ledger.add("machine.hours", spent, HOURS, Source(RUNS, "sum of startup, train, evaluation and saving seconds"))
    ledger.add("machine.train_hours", runs["train_seconds"].sum(), HOURS, Source(RUNS, "sum of train_seconds"))
    ledger.add("machine.threads", runs["threads"].max(), COUNT, Source(RUNS, "largest threads"))
    if runs["energy_joules"].notna().all():
        source = Source(RUNS, "sum of energy_joules")
        ledger.add("machine.energy", runs["energy_joules"].sum(), WATT_HOURS, source, optional=True)
    at_once = Source(RUNS, "largest runs_at_once")
    ledger.add("machine.runs_at_once", runs["runs_at_once"].max(), COUNT, at_once, optional=True)
    for column in ("processor", "platform", "device"):
        for index, value in enumerate(runs[column].dropna().unique()):
            ledger.add(f"machine.{column}.{index}", str(value), COUNT, Source(RUNS, column), optional=True)


def _versions(ledger: Ledger, results: Results) -> None:
    runs = results.runs
    for column in ["python", *(column for column in runs if column.startswith("version_"))]:
        values = [str(value) for value in runs[column].dropna().unique()]
        name = column.removeprefix("version_")
        ledger.add(f"version.{name}", " / ".join(values) or None, COUNT, Source(RUNS, column), optional=True)
    for index, commit in enumerate(runs["commit"].dropna().unique()):
        ledger.add(f"commit.{index}", str(commit)[:12], COUNT, Source(RUNS, "commit"), optional=True)
    ledger.add("commit.count", runs["commit"].nunique(), COUNT, Source(RUNS, "distinct commit"), optional=True)
