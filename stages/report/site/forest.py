"""The tested pairs of a study as rows of a table."""

from functools import partial

from stages.analysis.statistics import Statistics
from stages.report.numbers.ledger import Source
from stages.report.numbers.units import DIFFERENCE
from stages.report.site.cell_rows import cell_name
from stages.report.site.chart_data import Difference
from stages.report.site.study_data import StudyData


def differences(study: StudyData) -> list[Difference]:
    """Every tested pair, as the statistics have it: the accuracy of the second less that of the first."""
    rows = []
    for test in study.statistics["comparisons"]:
        architecture, first, second = test["architecture"], test["first"], test["second"]
        key, interval = f"{architecture}.{second}.vs.{first}", test["interval"]
        show, p, source = study.printer.show, study.printer.p, partial(_source, study, test)
        rows.append(
            Difference(
                architecture=study.label(architecture),
                cells=[cell_name(architecture, first), cell_name(architecture, second)],
                first=study.label(first),
                second=study.label(second),
                difference=show(test["difference"], DIFFERENCE, f"{key}.difference", source("difference")),
                low=show(interval["low"], DIFFERENCE, f"{key}.low", source("interval.low")),
                high=show(interval["high"], DIFFERENCE, f"{key}.high", source("interval.high")),
                p=p(test["p"], f"{key}.p", source("p")),
                p_holm=p(test["p_holm"], f"{key}.p_holm", source("p_holm")),
                verdict=test["verdict"],
            )
        )
    return rows


def _source(study: StudyData, test: dict, field: str) -> Source:
    cells = (test["architecture"], test["first"], test["second"])
    return study.source(Statistics.path(), f"comparisons where {', '.join(cells)}: {field}", *cells)
