"""What the tests of tables share: results of a small study, and a table taken apart."""

from stages import collect
from stages.analysis.runs import CELL, summarise
from stages.report.entries.build import build
from stages.report.entries.inputs import Results, read_results
from tests.helpers.paper import untraced
from tests.helpers.results import judge_published_study, write_results

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}


def make_results(scores: dict[str, list[float]] | None = None, **changes) -> Results:
    """Results of a changed params.yaml, with the accuracies of some configurations replaced."""
    write_results(**changes)
    collect.main()
    judge_published_study()
    results = read_results()
    for name, values in (scores or {}).items():
        results.runs.loc[results.runs["configuration"] == name, "test_accuracy"] = values
    return results._replace(cells=summarise(results.runs).set_index(CELL))


def table(make, results: Results) -> str:
    """A table without the links of its numbers."""
    return untraced(make(results, build(results)))


def rows(table: str, start: str) -> list[list[str]]:
    """The cells of the rows that begin so."""
    lines = [line.removesuffix(r" \\") for line in table.splitlines() if line.startswith(start)]
    return [line.split(" & ") for line in lines]
