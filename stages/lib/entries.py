"""What goes into the ledger of numbers: every quantity that the report may print, with its source."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from stages.lib.baselines import BASELINES, Baselines
from stages.lib.card import CARD, Card
from stages.lib.cells import STUDY
from stages.lib.numbers import (
    COUNT,
    DIFFERENCE,
    FACTOR,
    HOURS,
    LOSS,
    PERCENT,
    POINTS,
    SECONDS,
    SHARE,
    Ledger,
    memory_unit,
    parameter_unit,
)
from stages.lib.pretraining import PretrainingReport
from stages.lib.runs import RUNS, SUMMARY, pairs, reference
from stages.lib.settings import StudySettings

CLOSE = 0.01  # a fraction of accuracy: what the report calls close
LEVEL = 0.95  # of the intervals
Z = float(norm.ppf((1 + LEVEL) / 2))
HERE = Path("stages/lib/entries.py")


class Results(NamedTuple):
    """All that the report is written from."""

    study: StudySettings
    runs: pd.DataFrame  # see stages/lib/runs.py
    cells: pd.DataFrame  # means over seeds, indexed by (architecture, configuration)
    card: Card
    bases: dict[str, PretrainingReport]
    baselines: Baselines

    def mean(self, architecture: str, configuration: str, column: str = "test_accuracy_mean") -> float:
        return self.cells.loc[(architecture, configuration), column]


def build(results: Results) -> Ledger:
    """The whole ledger."""
    ledger = Ledger()
    for enter in (_grid, _training, _data, _baselines, _bases, _cells, _comparisons, _noise, _audit, _machine):
        enter(ledger, results)
    return ledger


def _grid(ledger: Ledger, results: Results) -> None:
    study, cells = results.study, results.study.cells
    by_role = {role: sum(cell.role == role for cell in cells) for role in ("train", "probe")}
    counts = {
        "runs": (len(cells), "length of cells"),
        "train_runs": (by_role["train"], "cells where role is train"),
        "probe_runs": (by_role["probe"], "cells where role is probe"),
        "architectures": (len(study.architectures), "length of architectures"),
        "configurations": (len({c.configuration for c in cells if c.role == "train"}), "configurations of role train"),
        "seeds": (len(study.seeds), "length of seeds"),
    }
    for key, (value, source_key) in counts.items():
        ledger.add(f"grid.{key}", value, COUNT, STUDY, source_key)
    for index, seed in enumerate(study.seeds):
        ledger.add(f"grid.seed.{index}", str(seed), COUNT, STUDY, f"seeds.{index}")


def _training(ledger: Ledger, results: Results) -> None:
    study = results.study
    for name, value in (("base", study.lr), ("probe", study.lr_probe)):
        key = "lr" if name == "base" else "lr_probe"
        ledger.add_rate(f"rate.{name}", value, STUDY, key)
        ledger.add_rate(f"rate.{name}_effective", value * study.lr_scale, STUDY, f"{key} * lr_scale")
    ledger.add("rate.probe_plain", f"{study.lr_probe:g}", COUNT, STUDY, "lr_probe")
    ledger.add("rate.scale", study.lr_scale, COUNT if study.lr_scale % 1 == 0 else FACTOR, STUDY, "lr_scale")
    for field in ("epochs", "batch_size", "gradient_accumulation"):
        ledger.add(f"train.{field}", getattr(study.train, field), COUNT, STUDY, f"train.{field}")
    effective = study.train.batch_size * study.train.gradient_accumulation
    ledger.add("train.effective_batch", effective, COUNT, STUDY, "train.batch_size * train.gradient_accumulation")
    ledger.add("train.max_length", study.max_length, COUNT, STUDY, "max_length")
    ledger.add("close", CLOSE, POINTS._replace(decimals=0), HERE, "CLOSE")


def _data(ledger: Ledger, results: Results) -> None:
    card = results.card
    for name, split in card.splits.items():
        at = f"splits.{name}"
        ledger.add(f"data.{name}.rows", split.rows, COUNT, CARD, f"{at}.rows")
        ledger.add(f"data.{name}.source_rows", split.rows_in_source, COUNT, CARD, f"{at}.rows_in_source")
        ledger.add(f"data.{name}.duplicates", split.duplicates_removed, COUNT, CARD, f"{at}.duplicates_removed")
        ledger.add(f"data.{name}.positive_share", split.balance, SHARE, CARD, f"{at}.balance")
        if split.words is not None:
            for field in ("median", "p95", "max"):
                value = getattr(split.words, field)
                ledger.add(f"data.{name}.words_{field}", value, COUNT, CARD, f"{at}.words.{field}")
    ledger.add("data.ceiling", card.ceiling_accuracy, SHARE, CARD, "ceiling_accuracy")
    ledger.add("data.conflicts", card.conflicting_duplicates, COUNT, CARD, "conflicting_duplicates")
    for field, value in card.leakage.model_dump().items():
        ledger.add(f"data.{field}", value, COUNT, CARD, f"leakage.{field}")


def _baselines(ledger: Ledger, results: Results) -> None:
    bag, majority = results.baselines.tfidf_logistic_regression, results.baselines.majority
    ledger.add("baseline.majority", majority.test_accuracy, PERCENT, BASELINES, "majority.test_accuracy")
    ledger.add("baseline.bag", bag.test_accuracy, PERCENT, BASELINES, "tfidf_logistic_regression.test_accuracy")
    ledger.add("baseline.bag_f1", bag.test_f1_macro, PERCENT, BASELINES, "tfidf_logistic_regression.test_f1_macro")
    ledger.add("baseline.ceiling", results.baselines.ceiling_accuracy, PERCENT, BASELINES, "ceiling_accuracy")
    ledger.add("baseline.bag_features", bag.features, COUNT, BASELINES, "tfidf_logistic_regression.features")


def _bases(ledger: Ledger, results: Results) -> None:
    if not results.bases:
        return
    sizes = parameter_unit(pd.Series([report.parameters for report in results.bases.values()]))
    units = {"vocab_size": COUNT, "parameters": sizes, "steps": COUNT, "seconds": SECONDS}
    units |= dict.fromkeys(("mlm_loss_first", "mlm_loss_last", "mlm_loss_unigram"), LOSS)
    units |= dict.fromkeys(("rating_accuracy", "probe_accuracy", "probe_accuracy_random"), SHARE)
    for name, report in results.bases.items():
        for field, unit in units.items():
            ledger.add(f"base.{name}.{field}", getattr(report, field), unit, f"metrics/base/{name}.json", field)


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
        name = f"{architecture}.{configuration}"
        for column, (key, unit) in units.items():
            ledger.add(f"{name}.{key}", cell[column], unit, SUMMARY, f"{name}.{column}")
        share = cell["trainable_parameters"] / cell["total_parameters"]
        where = f"architecture={architecture}, configuration={configuration}"
        ledger.add(f"{name}.trainable_share", share, SHARE, RUNS, f"trainable_parameters / total_parameters; {where}")
        extent = cell["test_accuracy_max"] - cell["test_accuracy_min"]
        ledger.add(f"{name}.range", extent, POINTS, RUNS, f"max - min of test_accuracy; {where}")
        if full is not None and configuration != full and (architecture, full) in cells.index:
            _compare(ledger, results, architecture, full, configuration)


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
    ledger.add(f"{key}.difference", mean, DIFFERENCE, SUMMARY, expression)
    ledger.add(f"{key}.distance", abs(mean), POINTS, SUMMARY, f"abs({expression})")
    for name, column in (
        ("seconds_ratio", "train_seconds_mean"),
        ("memory_ratio", "peak_memory_bytes_mean"),
    ):
        before, after = (results.mean(architecture, c, column) for c in (first, second))
        if before:
            ledger.add(f"{key}.{name}", after / before, FACTOR, SUMMARY, f"{b}.{column} / {a}.{column}")


def half_width(results: Results) -> float:
    """Largest half-width, at LEVEL, of a headline run's accuracy that comes from the finite test split (normal)."""
    accuracy = results.runs.loc[results.runs["role"] == "train", "test_accuracy"].to_numpy()
    return float(Z * np.sqrt(accuracy * (1 - accuracy) / results.card.splits["test"].rows).max())


def _noise(ledger: Ledger, results: Results) -> None:
    ledger.add("noise.level", LEVEL, SHARE._replace(decimals=0), HERE, "LEVEL")
    formula = "largest z sqrt(p (1 - p) / n) over test_accuracy p, role train; n from the card"
    ledger.add("noise.half_width", half_width(results), POINTS, RUNS, formula)
    ledger.add("noise.difference", half_width(results) * 2**0.5, POINTS, RUNS, f"sqrt(2) x {formula}")
    extent = results.cells["test_accuracy_max"] - results.cells["test_accuracy_min"]
    ledger.add("noise.range_largest", extent.max(), POINTS, RUNS, "largest max - min of test_accuracy in a cell")
    ledger.add("noise.range_median", extent.median(), POINTS, RUNS, "median over cells of max - min of test_accuracy")


def _audit(ledger: Ledger, results: Results) -> None:
    for field in ("new_but_frozen", "trainable_but_dead"):
        column = f"{field}_parameters"
        ledger.add(f"audit.{field}", results.runs[column].max(), COUNT, RUNS, f"largest {column}")
        ledger.add(f"audit.{field}_runs", (results.runs[column] > 0).sum(), COUNT, RUNS, f"runs with {column} > 0")


def _machine(ledger: Ledger, results: Results) -> None:
    runs = results.runs
    spent = runs[["startup_seconds", "train_seconds", "evaluation_seconds", "saving_seconds"]].sum().sum()
    ledger.add("machine.hours", spent, HOURS, RUNS, "sum of startup, train, evaluation and saving seconds")
    ledger.add("machine.threads", runs["threads"].max(), COUNT, RUNS, "largest threads")
    ledger.add("machine.runs_at_once", runs["runs_at_once"].max(), COUNT, RUNS, "largest runs_at_once")
    for column in ["python", *(column for column in runs if column.startswith("version_"))]:
        name = column.removeprefix("version_")
        values = [str(value) for value in runs[column].dropna().unique()]
        ledger.add(f"version.{name}", " / ".join(values) or None, COUNT, RUNS, column)
    for index, commit in enumerate(runs["commit"].dropna().unique()):
        ledger.add(f"commit.{index}", str(commit)[:12], COUNT, RUNS, "commit")
    ledger.add("commit.count", runs["commit"].nunique(), COUNT, RUNS, "distinct commit")
