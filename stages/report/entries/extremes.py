"""Which configuration has the highest or the lowest of something on an architecture."""

from stages.report.entries.inputs import Results


def extreme(
    results: Results, architecture: str, names: list[str], column: str | None = None, highest: bool = True
) -> str:
    """The configuration of ``names`` with the highest or lowest value; the first of equals.

    Without a ``column``, that of the measure by which configurations are ranked.

    Cells whose runs failed do not take part, unless there are no others.
    """
    choose = max if highest else min
    completed = results.completed(architecture, names) or names
    return choose(completed, key=lambda name: results.mean(architecture, name, column or results.measure.column))
