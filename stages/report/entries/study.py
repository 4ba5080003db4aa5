"""Numbers of the set-up: grid, training, configurations, baselines, base checkpoints."""

import pandas as pd

from stages.analysis.baselines import Baselines
from stages.analysis.runs import FAILED, RUNS, SUMMARY
from stages.encoders.base_report import BaseReport
from stages.report.entries.inputs import MACRO_F1, Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import (
    COUNT,
    FACTOR,
    LOSS,
    PERCENT,
    SHARE,
    WHOLE_POINTS,
    parameter_unit,
)
from stages.study.grid import StudySettings

CLOSE = 0.01  # a fraction of accuracy: what the report calls close
STUDY, BASELINES = StudySettings.path(), Baselines.path()


def enter_study(ledger: Ledger, results: Results) -> None:
    """Enter them all."""
    for part in (_grid, _training, _configurations, _baselines, _bases):
        part(ledger, results)


def _grid(ledger: Ledger, results: Results) -> None:
    study, failed = results.study, results.failed
    train_runs = sum(run.role == "train" for run in study.runs)
    counts = {
        "runs": (len(study.runs), "length of runs"),
        "train_runs": (train_runs, "runs where role is train"),
        "configurations": (len(study.headline), "configurations of role train"),
        "seeds": (len(study.seeds), "length of seeds"),
    }
    for key, (value, source_key) in counts.items():
        ledger.add(f"grid.{key}", value, COUNT, Source(STUDY, source_key))
    for index, seed in enumerate(failed["seed"]):
        ledger.add(f"failed.{index}.seed", str(seed), COUNT, Source(FAILED, f"seed of row {index}"), optional=True)
    if len(failed):
        ledger.add("grid.failed", len(failed), COUNT, Source(FAILED, "number of rows"))
    probe_runs = len(study.runs) - train_runs
    ledger.add("grid.probe_runs", probe_runs, COUNT, Source(STUDY, "runs where role is probe"), optional=True)
    for index, seed in enumerate(study.seeds):
        ledger.add(f"grid.seed.{index}", str(seed), COUNT, Source(STUDY, f"seeds.{index}"))


def _training(ledger: Ledger, results: Results) -> None:
    study = results.study
    for name, key in (("base", "lr"), ("probe", "lr_probe")):
        nominal = getattr(study, key)
        ledger.add_rate(f"rate.{name}", nominal, Source(STUDY, key))
        scaled = Source(STUDY, f"{key} * lr_scale")
        ledger.add_rate(f"rate.{name}_effective", study.scaled(nominal), scaled, optional=True)
    ledger.add("rate.probe_plain", f"{study.lr_probe:g}", COUNT, Source(STUDY, "lr_probe"))
    scale_format = COUNT if study.lr_scale % 1 == 0 else FACTOR
    ledger.add("rate.scale", study.lr_scale, scale_format, Source(STUDY, "lr_scale"), optional=True)
    ledger.add("train.epochs", study.train.epochs, COUNT, Source(STUDY, "train.epochs"))
    for field in ("batch_size", "gradient_accumulation"):  # said where they differ from the effective batch
        ledger.add(f"train.{field}", getattr(study.train, field), COUNT, Source(STUDY, f"train.{field}"), optional=True)
    ledger.add("train.warmup", study.train.warmup, SHARE, Source(STUDY, "train.warmup"), optional=True)
    decay = f"{study.train.weight_decay:g}"
    ledger.add("train.weight_decay", decay, COUNT, Source(STUDY, "train.weight_decay"), optional=True)
    patience = Source(STUDY, "train.early_stopping")
    ledger.add("train.early_stopping", study.train.early_stopping, COUNT, patience, optional=True)
    effective_batch = study.train.batch_size * study.train.gradient_accumulation
    product = Source(STUDY, "train.batch_size * train.gradient_accumulation")
    ledger.add("train.effective_batch", effective_batch, COUNT, product)
    ledger.add("train.max_length", study.max_length, COUNT, Source(STUDY, "max_length"))
    this_file = Source("stages/report/entries/study.py", "CLOSE")
    ledger.add("close", CLOSE, WHOLE_POINTS, this_file, optional=True)


def _configurations(ledger: Ledger, results: Results) -> None:
    """What Table II prints: settings as the first run of each configuration recorded them; rates of all its runs."""
    for name, runs in results.runs.groupby("configuration", sort=False):
        run, key = runs.iloc[0], f"configuration.{name}"
        exp_id = None if pd.isna(run["exp_id"]) else str(run["exp_id"])
        ledger.add(f"{key}.exp", exp_id, COUNT, results.first_run("exp_id", name))
        for field in ("rank", "alpha", "dropout"):
            plain = None if pd.isna(run[field]) else f"{run[field]:g}"
            ledger.add(f"{key}.{field}", plain, COUNT, results.first_run(field, name))
        for field in ("nominal_learning_rate", "learning_rate"):
            _rates(ledger, results, name, field, sorted(runs[field].unique()))


def _rates(ledger: Ledger, results: Results, configuration: str, field: str, rates: list[float]) -> None:
    """The rate of a configuration's runs; the least and the greatest where architectures differ."""
    key = f"configuration.{configuration}.{field}"
    if len(rates) == 1:
        ledger.add_rate(key, rates[0], results.first_run(field, configuration))
        return
    records = results.records_of(configuration)
    ledger.add_rate(f"{key}_least", rates[0], Source(RUNS, f"least {field} of {configuration}", *records))
    ledger.add_rate(f"{key}_most", rates[-1], Source(RUNS, f"greatest {field} of {configuration}", *records))


def _baselines(ledger: Ledger, results: Results) -> None:
    baselines, bag = results.baselines, results.baselines.tfidf_logistic_regression
    bag_key = "tfidf_logistic_regression"
    scores = {
        "majority": (baselines.majority.test_accuracy, "majority.test_accuracy"),
        "majority_f1": (baselines.majority.test_f1_macro, "majority.test_f1_macro"),
        "bag": (bag.test_accuracy, f"{bag_key}.test_accuracy"),
        "bag_f1": (bag.test_f1_macro, f"{bag_key}.test_f1_macro"),
        "ceiling": (baselines.ceiling_accuracy, "ceiling_accuracy"),
    }
    for name, (value, source_key) in scores.items():
        is_left_out = name.endswith("_f1") and results.measure != MACRO_F1
        ledger.add(f"baseline.{name}", value, PERCENT, Source(BASELINES, source_key), optional=is_left_out)
    ledger.add("baseline.features", bag.features, COUNT, Source(BASELINES, f"{bag_key}.features"))
    headline = results.cells[results.cells["role"] == "train"]
    column = results.measure.column
    above = (headline[column] > results.bag_leading).sum()
    better = f"headline cells whose {column} exceeds {bag_key}.{column.removesuffix('_mean')} of {BASELINES}"
    ledger.add("baseline.above", above, COUNT, Source(SUMMARY, better))
    no_better = (headline["test_accuracy_mean"] <= baselines.majority.test_accuracy).sum()
    source = Source(
        SUMMARY, f"headline cells whose test_accuracy_mean is not above majority.test_accuracy of {BASELINES}"
    )
    ledger.add("baseline.no_better", no_better, COUNT, source, optional=True)
    ledger.add("baseline.cells", len(headline), COUNT, Source(SUMMARY, "headline cells"))
    for name in results.study.architectures:
        of_architecture = headline.loc[[name], column]
        source = Source(SUMMARY, f"{better}, on {name}")
        ledger.add(f"{name}.above_bag", (of_architecture > results.bag_leading).sum(), COUNT, source, optional=True)


def _bases(ledger: Ledger, results: Results) -> None:
    if not results.bases:
        return
    sizes = parameter_unit(pd.Series([report.parameters for report in results.bases.values()]))
    units = {
        "vocab_size": COUNT,
        "parameters": sizes,
        "mlm_loss_first": LOSS,
        "mlm_loss_last": LOSS,
        "mlm_loss_unigram": LOSS,
        "rating_accuracy": SHARE,
        "probe_accuracy": SHARE,
        "probe_accuracy_random": SHARE,
    }
    for name, report in results.bases.items():
        for field, unit in units.items():
            source = Source(BaseReport.path(name), field)
            ledger.add(f"base.{name}.{field}", getattr(report, field), unit, source, optional=field != "parameters")
