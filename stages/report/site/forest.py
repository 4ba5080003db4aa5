"""The tested pairs of a study as rows of a table."""

from stages.report.numbers.units import DIFFERENCE
from stages.report.site.chart_data import Difference
from stages.report.site.study_data import StudyData


def differences(study: StudyData) -> list[Difference]:
    """Every tested pair, as the statistics have it: the accuracy of the second less that of the first."""
    rows = []
    for test in study.statistics["comparisons"]:
        key = f"{test['architecture']}.{test['second']}.vs.{test['first']}"
        show, interval = study.printer.show, test["interval"]
        rows.append(
            Difference(
                architecture=study.label(test["architecture"]),
                first=study.label(test["first"]),
                second=study.label(test["second"]),
                difference=show(test["difference"], DIFFERENCE, f"{key}.difference"),
                low=show(interval["low"], DIFFERENCE, f"{key}.low"),
                high=show(interval["high"], DIFFERENCE, f"{key}.high"),
                p=study.printer.p(test["p"]),
                p_holm=study.printer.p(test["p_holm"]),
                verdict=test["verdict"],
            )
        )
    return rows
