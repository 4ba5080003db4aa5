"""Numbers of the study of real reviews that is kept in git."""

from stages.analysis.baselines import Baselines
from stages.analysis.kept_study import KeptStudy
from stages.analysis.runs import RUNS, factors_of, made_by
from stages.data.card import Card
from stages.encoders.base_report import BaseReport
from stages.report.entries.inputs import Results
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, DIFFERENCE, FACTOR, HOURS, PERCENT, POINTS, SHARE
from stages.training.settings import Run


def enter_kept_study(ledger: Ledger, results: Results) -> None:
    """Accuracy of each configuration, its difference from full fine-tuning, and what the runs were made of."""
    real = results.real
    if real is None:
        return
    _accuracies(ledger, real, results.study.reference)
    table, card, base = map(real.place, (RUNS, Card.path(), BaseReport.path(real.architecture)))
    for split in ("train", "test", "unsupervised"):
        source = Source(card, f"splits.{split}.rows")
        ledger.add(f"imdb.{split}", real.card.splits[split].rows, COUNT, source)
    ledger.add("imdb.runs", len(real.runs), COUNT, Source(table, "number of rows"))
    phases = ["startup_seconds", "train_seconds", "evaluation_seconds", "saving_seconds"]
    hours = Source(table, "sum of startup, train, evaluation and saving seconds")
    ledger.add("imdb.hours", real.runs[phases].sum().sum(), HOURS, hours)
    source = Source(real.place(Baselines.path()), "tfidf_logistic_regression.test_accuracy")
    ledger.add("imdb.bag", real.bag, PERCENT, source)
    units = {"parameters": COUNT, "vocab_size": COUNT, "probe_accuracy": SHARE, "probe_accuracy_random": SHARE}
    for field, unit in units.items():
        ledger.add(f"imdb.{field}", getattr(real.base, field), unit, Source(base, field), optional=True)
    ledger.add("imdb.steps", real.base.steps, COUNT, Source(base, "steps"))
    source = Source(table, f"Kendall's tau-b of mean test_accuracy with that of {real.architecture} in this build")
    ledger.add("imdb.agreement", real.agreement, FACTOR, source, optional=True)


def _accuracies(ledger: Ledger, real: KeptStudy, full: str | None) -> None:
    means, table = real.cells["test_accuracy_mean"], real.place(RUNS)
    for name, cell in real.cells.iterrows():
        records = _kept_records(real, name)
        scores = f"test_accuracy where configuration is {name}"
        ledger.add(f"imdb.{name}.accuracy", means[name], PERCENT, Source(table, f"mean of {scores}", records))
        deviation = Source(table, f"sd of {scores}", records)
        ledger.add(f"imdb.{name}.accuracy_sd", cell["test_accuracy_sd"], POINTS, deviation)
        if full in means and name != full:
            source = Source(table, f"mean of {scores} - that of {full}", records)
            ledger.add(f"imdb.{name}.difference", means[name] - means[full], DIFFERENCE, source)


def _kept_records(real: KeptStudy, configuration: str) -> tuple[str, ...]:
    """Record files of a configuration's runs, where the kept study has them."""
    records = []
    for seed in real.runs.loc[real.runs["configuration"] == configuration, "seed"]:
        run = Run(architecture=real.architecture, configuration=configuration, seed=seed, role="train")
        records.append(str(real.place(made_by(run, factors_of(real.runs)).record_path)))
    return tuple(records)
