"""site: the ledger, records and predictions -> paper/site/index.html, the results as one page for a browser.

It is whole in itself: it opens from disk and asks nothing of any network. The numbers of the PDF lead to it.
"""

from pathlib import Path

from stages.analysis.answers import Predictions, read_predictions
from stages.core.errors import InputError, run_stage
from stages.core.files import write_text
from stages.core.parquet import read_parquet
from stages.report.entries.build import build
from stages.report.entries.inputs import Results, read_results
from stages.report.numbers.ledger import Ledger, Numbers
from stages.report.site.mistakes import mistakes
from stages.report.site.page import render
from stages.report.site.run_rows import reliability
from stages.report.site.study_data import kept_studies, this_study
from stages.report.site.study_view import StudyView, study_view
from stages.study.current import require_current

PAGE = Path("paper/site/index.html")
SOURCE = Path("paper/main.tex")
TEST = Path("data/raw/test.parquet")


def main() -> None:
    """Write the page.

    Raises:
        InputError: results are not of today's params.yaml, an input is missing or damaged, or the page is too large.
    """
    require_current()
    results = read_results()
    ledger = build(results)
    ledger.note_printed(Numbers.path())
    views = [this_view(results, ledger)]
    for study in kept_studies(results.study.labels):
        views.append(study_view(study, None, [], None))
    page = render(views, ledger, views[0].title)
    write_text(PAGE, page)
    numbers = len(ledger.entries) + len(views[0].data.printer.own.entries)
    print(f"{PAGE}: {len(views)} studies, {numbers} numbers, {len(page.encode()) / 2**20:.1f} MiB")


def this_view(results: Results, ledger: Ledger) -> StudyView:
    """What the page shows of the study of this build."""
    study = this_study(results, ledger)
    predictions: Predictions = read_predictions(results.study, results.runs)
    if not TEST.exists():
        raise InputError(f"{TEST}: not found; run `dvc repro prepare` first")
    test = read_parquet(TEST, "prepare").replace_schema_metadata().to_pandas()
    if predictions and len(test) != len(predictions[0][1]):
        raise InputError(f"{TEST}: {len(test)} rows; the predictions have {len(predictions[0][1])}: other data")
    source = SOURCE.read_text(encoding="utf-8")
    wrong = mistakes(study, results, predictions, test)
    return study_view(study, source, reliability(study, predictions), wrong)


if __name__ == "__main__":
    run_stage(main)
