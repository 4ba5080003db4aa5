"""Numbers of the set-up: grid, training, configurations, data, baselines, base checkpoints."""

from pathlib import Path

import pandas as pd

from stages.analysis.baselines import Baselines
from stages.analysis.runs import FAILED, SUMMARY
from stages.data.card import Card
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import (
    COUNT,
    FACTOR,
    LOSS,
    PERCENT,
    POINTS,
    SHARE,
    parameter_unit,
)
from stages.study.grid import StudySettings

CLOSE = 0.01  # a fraction of accuracy: what the report calls close
HERE = Path("stages/report/entries/results.py")


def enter_grid(ledger: Ledger, results: Results) -> None:
    study, cells = results.study, results.study.runs
    by_role = {role: sum(cell.role == role for cell in cells) for role in ("train", "probe")}
    counts = {
        "runs": (len(cells), "length of cells"),
        "train_runs": (by_role["train"], "cells where role is train"),
        "configurations": (len(study.headline), "configurations of role train"),
        "seeds": (len(study.seeds), "length of seeds"),
    }
    for key, (value, source_key) in counts.items():
        ledger.add(f"grid.{key}", value, COUNT, Source(StudySettings.path(), source_key))
    for index, run in enumerate(results.failed.itertuples()):
        ledger.add(f"failed.{index}.seed", str(run.seed), COUNT, Source(FAILED, f"seed of row {index}"))
    if len(results.failed):
        ledger.add("grid.failed", len(results.failed), COUNT, Source(FAILED, "number of rows"))
    probes = Source(StudySettings.path(), "cells where role is probe")
    ledger.add("grid.probe_runs", by_role["probe"], COUNT, probes, optional=True)
    for index, seed in enumerate(study.seeds):
        ledger.add(f"grid.seed.{index}", str(seed), COUNT, Source(StudySettings.path(), f"seeds.{index}"))


def enter_training(ledger: Ledger, results: Results) -> None:
    study = results.study
    for name, key in (("base", "lr"), ("probe", "lr_probe")):
        ledger.add_rate(f"rate.{name}", getattr(study, key), Source(StudySettings.path(), key))
        scaled = Source(StudySettings.path(), f"{key} * lr_scale")
        ledger.add_rate(f"rate.{name}_effective", study.scaled(getattr(study, key)), scaled, optional=True)
    ledger.add("rate.probe_plain", f"{study.lr_probe:g}", COUNT, Source(StudySettings.path(), "lr_probe"))
    scale = COUNT if study.lr_scale % 1 == 0 else FACTOR
    ledger.add("rate.scale", study.lr_scale, scale, Source(StudySettings.path(), "lr_scale"), optional=True)
    for field in ("epochs", "batch_size", "gradient_accumulation"):
        ledger.add(f"train.{field}", getattr(study.train, field), COUNT, Source(StudySettings.path(), f"train.{field}"))
    effective = study.train.batch_size * study.train.gradient_accumulation
    source = Source(StudySettings.path(), "train.batch_size * train.gradient_accumulation")
    ledger.add("train.effective_batch", effective, COUNT, source)
    ledger.add("train.max_length", study.max_length, COUNT, Source(StudySettings.path(), "max_length"))
    ledger.add("close", CLOSE, POINTS._replace(decimals=0), Source(HERE, "CLOSE"), optional=True)


def enter_configurations(ledger: Ledger, results: Results) -> None:
    """What Table II prints: settings as the first run of each configuration recorded them."""
    for _, run in results.runs.drop_duplicates("configuration").iterrows():
        name = run["configuration"]
        ledger.add(f"configuration.{name}.exp", str(run["exp_id"]), COUNT, results.origin("exp_id", name))
        for field in ("rank", "alpha", "dropout"):
            plain = None if pd.isna(run[field]) else f"{run[field]:g}"
            ledger.add(f"configuration.{name}.{field}", plain, COUNT, results.origin(field, name))
        for field in ("nominal_learning_rate", "learning_rate"):
            ledger.add_rate(f"configuration.{name}.{field}", run[field], results.origin(field, name))


def enter_data(ledger: Ledger, results: Results) -> None:
    card = results.card
    for name, split in card.splits.items():
        fields = {
            "rows": (split.rows, COUNT),
            "source_rows": (split.rows_in_source, COUNT),
            "duplicates_removed": (split.duplicates_removed, COUNT),
            "balance": (split.balance, SHARE),
        }
        for field, (value, unit) in fields.items():
            ledger.add(
                f"data.{name}.{field}", value, unit, Source(Card.path(), f"splits.{name}.{field}"), optional=True
            )
        if split.words is not None:
            for field in ("median", "p95"):
                source = Source(Card.path(), f"splits.{name}.words.{field}")
                ledger.add(f"data.{name}.words_{field}", getattr(split.words, field), COUNT, source, optional=True)
    ledger.add("data.ceiling", card.ceiling_accuracy, SHARE, Source(Card.path(), "ceiling_accuracy"))
    leaked = Source(Card.path(), "leakage.test_in_train_after")
    ledger.add("data.test_in_train_after", card.leakage.test_in_train_after, COUNT, leaked, optional=True)


def enter_baselines(ledger: Ledger, results: Results) -> None:
    bag = "tfidf_logistic_regression"
    scores = {
        "majority": (results.baselines.majority.test_accuracy, "majority.test_accuracy"),
        "bag": (results.baselines.tfidf_logistic_regression.test_accuracy, f"{bag}.test_accuracy"),
        "bag_f1": (results.baselines.tfidf_logistic_regression.test_f1_macro, f"{bag}.test_f1_macro"),
        "ceiling": (results.baselines.ceiling_accuracy, "ceiling_accuracy"),
    }
    for name, (value, key) in scores.items():
        ledger.add(f"baseline.{name}", value, PERCENT, Source(Baselines.path(), key))
    features = Source(Baselines.path(), f"{bag}.features")
    ledger.add("baseline.features", results.baselines.tfidf_logistic_regression.features, COUNT, features)
    headline = results.cells[results.cells["role"] == "train"]
    above = (headline["test_accuracy_mean"] > results.baselines.tfidf_logistic_regression.test_accuracy).sum()
    source = Source(
        SUMMARY, f"headline cells whose test_accuracy_mean exceeds {bag}.test_accuracy of {Baselines.path()}"
    )
    ledger.add("baseline.above", above, COUNT, source)
    ledger.add("baseline.cells", len(headline), COUNT, Source(SUMMARY, "headline cells"))


def enter_bases(ledger: Ledger, results: Results) -> None:
    if not results.bases:
        return
    sizes = parameter_unit(pd.Series([report.parameters for report in results.bases.values()]))
    units = {"vocab_size": COUNT, "parameters": sizes}
    units |= dict.fromkeys(("mlm_loss_first", "mlm_loss_last", "mlm_loss_unigram"), LOSS)
    units |= dict.fromkeys(("rating_accuracy", "probe_accuracy", "probe_accuracy_random"), SHARE)
    for name, report in results.bases.items():
        for field, unit in units.items():
            source = Source(f"metrics/base/{name}.json", field)
            ledger.add(f"base.{name}.{field}", getattr(report, field), unit, source, optional=field != "parameters")
