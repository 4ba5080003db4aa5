"""Numbers of the study of IMDb that is kept in git."""

from stages.analysis.kept_study import CARD, TABLE, KeptStudy, kept
from stages.encoders.base_report import BaseReport
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT, DIFFERENCE, FACTOR, PERCENT, POINTS
from stages.study.grid import StudySettings
from stages.training.settings import Run


def enter(ledger: Ledger, real: KeptStudy, study: StudySettings) -> None:
    """Its numbers: accuracy of each configuration, and its difference from full fine-tuning."""
    full, accuracy = study.reference, real.cells["test_accuracy_mean"]
    for name, cell in real.cells.iterrows():
        own = real.runs[real.runs["configuration"] == name]
        cells = (Run(architecture=real.architecture, configuration=name, seed=s, role="train") for s in own["seed"])
        records = tuple(str(kept(cell.record_path)) for cell in cells)
        where = f"test_accuracy where configuration is {name}"
        ledger.add(f"imdb.{name}.accuracy", accuracy[name], PERCENT, Source(TABLE, f"mean of {where}", records))
        ledger.add(
            f"imdb.{name}.accuracy_sd", cell["test_accuracy_sd"], POINTS, Source(TABLE, f"sd of {where}", records)
        )
        if full in accuracy and name != full:
            source = Source(TABLE, f"mean of {where} - that of {full}", records)
            ledger.add(f"imdb.{name}.difference", accuracy[name] - accuracy[full], DIFFERENCE, source)
    for split in ("train", "test", "unsupervised"):
        source = Source(CARD, f"splits.{split}.rows")
        ledger.add(f"imdb.{split}", real.card.splits[split].rows, COUNT, source)
    ledger.add("imdb.runs", len(real.runs), COUNT, Source(TABLE, "number of rows"))
    ledger.add("imdb.steps", real.base.steps, COUNT, Source(kept(BaseReport.path(real.architecture)), "steps"))
    source = Source(TABLE, f"Kendall's tau-b of mean test_accuracy with that of {real.architecture} in this build")
    ledger.add("imdb.agreement", real.agreement, FACTOR, source, optional=True)
