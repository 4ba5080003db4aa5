from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Annotation, Text

from stages.analysis.runs import summarise
from stages.analysis.statistics import Frontier
from stages.report.figures import style
from stages.report.figures.pareto import pareto
from tests.helpers.results import make_runs

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def names(axes) -> list[Annotation]:
    return [text for text in axes.texts if isinstance(text, Annotation)]


def test_bars_are_one_deviation_and_absent_with_one_seed():
    study, runs = make_runs(architectures=["distilbert"])
    with style.applied():
        bars = pareto(runs, study, []).axes[0].collections[0].get_segments()
        assert len(bars) == 7
        assert any(high > low for (_, low), (_, high) in bars)
        bars = pareto(runs[runs["seed"] == 42], study, []).axes[0].collections[0].get_segments()
        assert all(low == high for (_, low), (_, high) in bars)


@pytest.mark.parametrize(
    "architectures", [["distilbert"], ["distilbert", "roberta"], ["distilbert", "roberta", "deberta"]]
)
def test_each_architecture_has_a_panel_for_each_cost_with_a_name_for_each_point(architectures):
    study, runs = make_runs(architectures=architectures)
    with style.applied():
        figure = pareto(runs, study, [])
        figure.draw_without_rendering()
    labels = {configuration.label for name, configuration in study.configurations.items() if name in study.headline}
    panels = [axes for axes in figure.axes if names(axes)]
    assert len(panels) == 2 * len(architectures)
    for axes in panels:
        assert {text.get_text() for text in names(axes)} == labels
        boxes = [Text.get_window_extent(text) for text in names(axes)]  # without the line to its point
        assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
        lines = [text.arrow_patch.get_window_extent() for text in names(axes)]
        assert max(line.x1 for line in lines) <= min(each.x0 for each in boxes) + 1  # no line crosses a name
        box = axes.get_window_extent()
        assert all(box.y0 - 2 <= each.y0 and each.y1 <= box.y1 + 2 for each in boxes)  # no title is printed over


def test_the_frontier_of_an_architecture_is_filled_and_joined():
    study, runs = make_runs(architectures=["distilbert", "roberta"])
    sure = {"full": 0.95, "ia3": 1.0, "lora-r8": 0.94}
    places = [place("distilbert", "train_seconds", name, share) for name, share in sure.items()]
    others = [place("distilbert", "peak_memory", "lora-r8", 1.0), place("roberta", "train_seconds", "lora-r8", 1.0)]
    with style.applied():
        axes = pareto(runs, study, places + others).axes[2]  # training time of the first
    cells = summarise(runs).query("architecture == 'distilbert' and configuration in ['full', 'ia3']")
    expected = sorted(zip(cells["compared_seconds"], 100 * cells["test_accuracy_mean"], strict=True))
    filled = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() != "white"]
    drawn = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in filled)
    assert np.array(drawn) == pytest.approx(np.array(expected))
    [steps] = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert list(steps.get_xdata()) == pytest.approx([cost for cost, _ in expected])


def test_where_nothing_is_surely_on_it_nothing_is_filled_or_joined():
    study, runs = make_runs(architectures=["distilbert"])
    with style.applied():
        axes = pareto(runs, study, []).axes[0]
    assert all(line.get_markerfacecolor() == "white" for line in axes.lines if line.get_marker() == "o")
    [steps] = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert len(steps.get_xdata()) == 0


def place(architecture: str, cost: str, configuration: str, probability: float) -> Frontier:
    return Frontier(architecture=architecture, cost=cost, configuration=configuration, probability=probability)
