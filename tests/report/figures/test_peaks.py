import pandas as pd
from matplotlib.colors import to_hex

from stages.published.memory_check import PrintedPeak
from stages.report.figures.peaks import peaks

GIB = 2**30


def table(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame([PrintedPeak("roberta", "full", 42, "1", *row) for row in rows], columns=PrintedPeak._fields)


def test_runs_after_others_have_another_colour_and_marker():
    figure = peaks(table((True, 3 * GIB, 3 * GIB, 3 * GIB), (False, 5 * GIB, 2 * GIB, 5 * GIB)))
    [axes] = figure.axes
    drawn = [line for line in axes.lines if line.get_linestyle() == "None"]
    points = [(line.get_xdata().tolist(), line.get_ydata().tolist()) for line in drawn]
    assert points == [([3], [3]), ([5], [2]), ([5], [5])]
    assert len({to_hex(line.get_color()) for line in drawn}) == 3
    assert len({line.get_marker() for line in drawn}) == 3
    assert drawn[1].get_fillstyle() == "none"  # told apart in grey, too


def test_nothing_to_compare_is_no_figure():
    assert peaks(table()) is None
