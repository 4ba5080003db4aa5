"""Numbers of the study of real reviews that is kept in git."""

import pandas as pd

from stages.analysis.baselines import Baselines
from stages.analysis.kept_study import KeptStudy
from stages.analysis.runs import RUNS, SUMMARY, SWEEP, factors_of, made_by
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, DIFFERENCE, FACTOR, HOURS, PERCENT, POINTS, parameter_unit
from stages.study.grid import StudySettings
from stages.training.settings import Run


def enter_kept_study(ledger: Ledger, results: Results) -> None:
    """Accuracy of each configuration, its difference from full fine-tuning, and what the runs were made of."""
    real = results.real
    if real is None:
        return
    _accuracies(ledger, real, results)
    _bag_of_words(ledger, real, results)
    settings, card, base = map(real.place, (StudySettings.path(), Card.path(), BaseReport.path(real.architecture)))
    for split in ("train", "test"):
        source = Source(card, f"splits.{split}.rows")
        ledger.add(f"imdb.{split}", real.card.splits[split].rows, COUNT, source)
    ledger.add("imdb.runs", len(real.study.every_run), COUNT, Source(settings, "number of runs and of sweep"))
    rates = Source(settings, "1 + number of rate_factors")
    ledger.add("imdb.rates", 1 + len(real.study.rate_factors), COUNT, rates, optional=True)
    ledger.add("imdb.max_length", real.study.max_length, COUNT, Source(settings, "max_length"))
    parameters = real.base.parameters
    ledger.add("imdb.parameters", parameters, parameter_unit(pd.Series([parameters])), Source(base, "parameters"))
    _training(ledger, real)
    source = Source(real.place(RUNS), "Kendall's tau-b of mean test_accuracy with that of all architectures here")
    ledger.add("imdb.agreement", real.agreement, FACTOR, source, optional=True)


def _accuracies(ledger: Ledger, real: KeptStudy, results: Results) -> None:
    """Of each configuration there, with its difference from full fine-tuning there and here."""
    means, table, full = real.cells["test_accuracy_mean"], real.place(RUNS), results.study.reference
    for name, cell in real.cells.iterrows():
        records = _records(real, name)
        scores = f"test_accuracy where configuration is {name}"
        ledger.add(f"imdb.{name}.accuracy", means[name], PERCENT, Source(table, f"mean of {scores}", records))
        deviation = Source(table, f"sd of {scores}", records)
        ledger.add(f"imdb.{name}.accuracy_sd", cell["test_accuracy_sd"], POINTS, deviation)
        if full in means and name != full:
            source = Source(table, f"mean of {scores} - that of {full}", records)
            ledger.add(f"imdb.{name}.difference", means[name] - means[full], DIFFERENCE, source)
        if full in real.here and name in real.here and name != full:
            source = Source(
                SUMMARY, f"mean over architectures of {name}.test_accuracy_mean - {full}.test_accuracy_mean"
            )
            ledger.add(f"imdb.{name}.here", real.here[name] - real.here[full], DIFFERENCE, source)


def _bag_of_words(ledger: Ledger, real: KeptStudy, results: Results) -> None:
    """Its accuracy there, and its differences from full fine-tuning there and here."""
    place, key, full = real.place(Baselines.path()), "tfidf_logistic_regression.test_accuracy", results.study.reference
    ledger.add("imdb.bag", real.bag, PERCENT, Source(place, key))
    if full in real.cells.index:
        difference = real.bag - real.cells.loc[full, "test_accuracy_mean"]
        source = Source(place, f"{key} - mean test_accuracy of {full} in {real.place(RUNS)}", _records(real, full))
        ledger.add("imdb.bag_difference", difference, DIFFERENCE, source)
    if full in real.here:
        difference = results.baselines.tfidf_logistic_regression.test_accuracy - real.here[full]
        source = Source(Baselines.path(), f"{key} - mean over architectures of {full}.test_accuracy_mean in {SUMMARY}")
        ledger.add("imdb.bag_here", difference, DIFFERENCE, source)


def _training(ledger: Ledger, real: KeptStudy) -> None:
    """What all its runs took, at every rate; of those that failed nothing is known."""
    sweep = real.place(SWEEP)
    table = sweep if sweep.exists() else real.place(RUNS)
    seconds = pd.read_csv(table)["train_seconds"].sum()
    ledger.add("imdb.hours", seconds, HOURS, Source(table, "sum of train_seconds"))


def _records(real: KeptStudy, configuration: str) -> tuple[str, ...]:
    """Record files of a configuration's runs, where the kept study has them."""
    records = []
    for seed in real.runs.loc[real.runs["configuration"] == configuration, "seed"]:
        run = Run(architecture=real.architecture, configuration=configuration, seed=seed, role="train")
        records.append(str(real.place(made_by(run, factors_of(real.runs)).record_path)))
    return tuple(records)
