"""Numbers of how the study was conducted: costs against full fine-tuning, fit, audit, machine."""

import pandas as pd

from stages.analysis.costs import evaluation_time
from stages.analysis.runs import CELL, RUNS, SUMMARY
from stages.analysis.statistics import Statistics
from stages.core.free_text import plain
from stages.report.entries.extremes import extreme
from stages.report.entries.inputs import Results
from stages.report.entries.results import trained_shares
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, FACTOR, HOURS, PERCENT, POINTS, SHARE, WATT_HOURS
from stages.study.grid import StudySettings
from stages.study.typeset import DESCRIPTION, has_glyph, shortened


def enter_conduct(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (
        _costs,
        _stored_and_tested,
        _best_adapters,
        _spans,
        _probe_adapters,
        _tests_against_full,
        _fit,
        _calibration,
        _audit,
        _machine,
        _versions,
    ):
        part(ledger, results)


def _costs(ledger: Ledger, results: Results) -> None:
    """Least and greatest ratio of the adapters' costs to those of full fine-tuning on the same architecture."""
    full, adapters = results.study.reference, _adapters(results)
    if full not in results.study.headline or not adapters:
        return
    costs = {
        "memory": ("compared_bytes", FACTOR),
        "seconds": ("compared_seconds", FACTOR),
    }
    for key, (column, unit) in costs.items():
        ratios = _ratios_to_full(results, full, adapters, column)
        for end, value in (("least", min(ratios, default=None)), ("most", max(ratios, default=None))):
            source = Source(RUNS, f"{end} {column} of an adapter, probes included, over that of {full}")
            ledger.add(f"cost.{key}_{end}", value, unit, source, optional=True)
    shares = trained_shares(results.runs)
    of_adapters = shares[shares.index.get_level_values("configuration").isin(adapters)]
    for end, value in (("least", of_adapters.min()), ("most", of_adapters.max())):
        source = Source(RUNS, f"{end} trainable_parameters / (total_parameters - adapter_parameters) of an adapter")
        ledger.add(f"cost.share_{end}", value, SHARE, source, optional=True)


def _adapters(results: Results) -> list[str]:
    """Configurations of any rate but full fine-tuning's: a range that is said of adapters is of all their runs."""
    names = dict.fromkeys(configuration for _, configuration in results.cells.index)
    return [name for name in names if results.study.configurations[name].method != "full"]


def _ratios_to_full(results: Results, full: str, adapters: list[str], column: str) -> list[float]:
    """On every architecture where full fine-tuning has a run and costs something."""
    ratios = []
    for architecture in results.study.architectures:
        cost_of_full = results.mean(architecture, full, column)
        if results.is_hole(architecture, full) or not cost_of_full:
            continue
        for name in results.completed(architecture, adapters):
            ratios.append(results.mean(architecture, name, column) / cost_of_full)
    return ratios


def _stored_and_tested(ledger: Ledger, results: Results) -> None:
    """The same of what a run leaves on disk, and of the time that it takes to test."""
    full = results.study.reference
    if full not in results.study.headline:
        return
    for key, column in (("checkpoint", "checkpoint_bytes"), ("evaluation", evaluation_time(results.runs))):
        means = results.runs.groupby(CELL)[column].mean()
        ratios = []
        for architecture in results.study.architectures:
            if not results.is_hole(architecture, full) and means.loc[architecture, full]:
                adapters = results.completed(architecture, _adapters(results))
                ratios += [means[architecture, name] / means[architecture, full] for name in adapters]
        for end, value in (("least", min(ratios, default=None)), ("most", max(ratios, default=None))):
            source = Source(RUNS, f"{end} mean {column} of an adapter, probes included, over that of {full}")
            ledger.add(f"cost.{key}_{end}", value, FACTOR, source, optional=True)


def _best_adapters(ledger: Ledger, results: Results) -> None:
    """How far the best adapter of an architecture is from full fine-tuning, over architectures."""
    full, column = results.study.reference, results.measure.column
    if full not in results.study.headline:
        return
    distances = []
    for architecture in results.study.architectures:
        adapters = results.completed(architecture, results.base_rate_adapters)
        if adapters and not results.is_hole(architecture, full):
            best = extreme(results, architecture, adapters)
            distances.append(abs(results.leading(architecture, best) - results.leading(architecture, full)))
    for end, value in (("least", min(distances, default=None)), ("most", max(distances, default=None))):
        source = Source(SUMMARY, f"{end} distance in {column} of an architecture's best base-rate adapter from {full}")
        ledger.add(f"best_adapter_{end}", value, POINTS, source, optional=True)


def _spans(ledger: Ledger, results: Results) -> None:
    """How far the adapters lie apart on each architecture."""
    spans = []
    for architecture in results.study.architectures:
        adapters = results.completed(architecture, results.base_rate_adapters)
        scores = [results.leading(architecture, name) for name in adapters]
        if scores:
            column = results.measure.column
            spans.append(max(scores) - min(scores))
            source = Source(SUMMARY, f"max - min of {column} over base-rate adapters of {architecture}")
            ledger.add(f"{architecture}.adapters_span", max(scores) - min(scores), POINTS, source, optional=True)
    for end, value in (("least", min(spans, default=None)), ("most", max(spans, default=None))):
        source = Source(SUMMARY, f"{end} of these spans over architectures")
        ledger.add(f"adapters_span_{end}", value, POINTS, source, optional=True)


def _probe_adapters(ledger: Ledger, results: Results) -> None:
    """How far the best adapter at the probe rate is below full fine-tuning at that rate, where it is everywhere."""
    study, gaps = results.study, []
    at_probe = [name for name in dict.fromkeys(run.configuration for run in study.runs) if _is_at_probe(study, name)]
    full = [name for name in at_probe if study.configurations[name].method == "full"]
    for architecture in study.architectures:
        adapters = results.completed(architecture, [name for name in at_probe if name not in full])
        if full and adapters and results.completed(architecture, full):
            best = extreme(results, architecture, adapters)
            gaps.append(results.leading(architecture, full[0]) - results.leading(architecture, best))
    if not gaps or min(gaps) <= 0:
        return
    for end, value in (("least", min(gaps)), ("most", max(gaps))):
        source = Source(
            SUMMARY, f"{end} over architectures of full fine-tuning minus the best adapter at the probe rate"
        )
        ledger.add(f"probe_adapter_{end}", value, POINTS, source, optional=True)


def _is_at_probe(study: StudySettings, name: str) -> bool:
    configuration = study.configurations[name]
    return configuration.lr == "probe" and configuration.train.learning_rate is None


def _tests_against_full(ledger: Ledger, results: Results) -> None:
    """How many adapters the paired tests tell from full fine-tuning, over all architectures."""
    full = results.study.reference
    tests = []
    for architecture in results.study.architectures:
        for name in results.base_rate_adapters:
            test = results.comparison(architecture, full, name) if full else None
            if test is not None:
                tests.append(test)
    distinguishable = sum(test.verdict == "distinguishable" for test in tests)
    family = "comparisons of a base-rate adapter with full fine-tuning"
    ledger.add("against_full.tested", len(tests), COUNT, Source(Statistics.path(), family), optional=True)
    source = Source(Statistics.path(), f"{family} that are distinguishable")
    ledger.add("against_full.distinguishable", distinguishable, COUNT, source, optional=True)


def _fit(ledger: Ledger, results: Results) -> None:
    """Which epoch was kept, and how far macro-F1 departs from accuracy."""
    runs, cells = results.runs, results.cells
    last = (runs["selected_epoch"] == runs["epochs"]).sum()
    ledger.add("fit.last_epoch_runs", last, COUNT, Source(RUNS, "rows whose selected_epoch is the last"), optional=True)
    gap = (cells["test_accuracy_mean"] - cells["test_f1_macro_mean"]).abs().max()
    ledger.add("fit.f1_gap", gap, POINTS, Source(SUMMARY, "largest abs(test_accuracy_mean - test_f1_macro_mean)"))


def _calibration(ledger: Ledger, results: Results) -> None:
    runs = pd.DataFrame([run.model_dump() for run in results.statistics.calibration])
    means = runs.groupby(CELL)["expected_calibration_error"].mean()
    headline = means[[cell for cell in means.index if not results.is_probe(*cell)]]
    for end, value in (("least", headline.min()), ("most", headline.max())):
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
    phases = ["startup_seconds", "train_seconds", "evaluation_seconds", "saving_seconds"]
    spent = runs[phases].sum().sum()
    ledger.add("machine.hours", spent, HOURS, Source(RUNS, "sum of startup, train, evaluation and saving seconds"))
    ledger.add("machine.train_hours", runs["train_seconds"].sum(), HOURS, Source(RUNS, "sum of train_seconds"))
    ledger.add("machine.threads", runs["threads"].max(), COUNT, Source(RUNS, "largest threads"))
    if runs["energy_joules"].notna().all() and runs["runs_at_once"].max() == 1:  # a device's is that of all its runs
        energy = Source(RUNS, "sum of energy_joules")
        ledger.add("machine.energy", runs["energy_joules"].sum(), WATT_HOURS, energy, optional=True)
    at_once = Source(RUNS, "largest runs_at_once")
    ledger.add("machine.runs_at_once", runs["runs_at_once"].max(), COUNT, at_once, optional=True)
    for column in ("processor", "platform", "device"):
        for index, value in enumerate(runs[column].dropna().unique()):
            name = legible(str(value)) or f"an unnamed {column}"
            ledger.add(f"machine.{column}.{index}", name, COUNT, Source(RUNS, column), optional=True)


def legible(name: str) -> str:
    """What a machine calls itself, without characters that the fonts of the report lack, and shortened."""
    kept = "".join(character for character in plain(name) if has_glyph(character))
    return shortened(" ".join(kept.split()), DESCRIPTION)


def _versions(ledger: Ledger, results: Results) -> None:
    runs = results.runs
    packages = [column for column in runs if column.startswith("version_")]
    for column in ["python", *packages]:
        versions = " / ".join(str(value) for value in runs[column].dropna().unique())
        name = column.removeprefix("version_")
        ledger.add(f"version.{name}", versions or None, COUNT, Source(RUNS, column), optional=True)
    for index, commit in enumerate(runs["commit"].dropna().unique()):
        ledger.add(f"commit.{index}", str(commit)[:12], COUNT, Source(RUNS, "commit"), optional=True)
    ledger.add("commit.count", runs["commit"].nunique(), COUNT, Source(RUNS, "distinct commit"), optional=True)
