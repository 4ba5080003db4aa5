"""What goes into the ledger of numbers: every quantity that the report may print, with its source."""

from stages.report.entries.class_errors import enter_class_errors
from stages.report.entries.conduct import enter_conduct
from stages.report.entries.data import enter_data
from stages.report.entries.inputs import Results
from stages.report.entries.kept_study import enter_kept_study
from stages.report.entries.options import enter_options
from stages.report.entries.published import enter_published
from stages.report.entries.results import enter_results
from stages.report.entries.study import enter_study
from stages.report.entries.tuning import enter_tuning
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.producers import Producers


def build(results: Results) -> Ledger:
    """The whole ledger, nothing printed yet.

    Both ``tables`` and ``paper`` build it, in half a second each and from the same files: to hand it over, one would
    have to write what it has not printed too, what is optional and the lines of code that enter numbers, in a second
    format beside ``Numbers``.
    """
    names = results.study.labels | (results.real.study.labels if results.real else {})
    ledger = Ledger(Producers(), names)
    for enter in (enter_study, enter_options, enter_data, enter_results, enter_class_errors, enter_conduct):
        enter(ledger, results)
    enter_tuning(ledger, results)
    enter_kept_study(ledger, results)
    if results.is_discussed:
        enter_published(ledger, results)
    return ledger
