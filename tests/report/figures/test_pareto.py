from itertools import combinations

import pytest
from matplotlib.text import Annotation, Text

from stages.report.figures import style
from stages.report.figures.pareto import pareto
from tests.helpers.results import make_runs

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def names(axes) -> list[Annotation]:
    return [text for text in axes.texts if isinstance(text, Annotation)]


def test_bars_are_one_deviation_and_absent_with_one_seed():
    study, runs = make_runs(architectures=["distilbert"])
    with style.applied():
        bars = pareto(runs, study).axes[0].collections[0].get_segments()
        assert len(bars) == 7
        assert any(high > low for (_, low), (_, high) in bars)
        bars = pareto(runs[runs["seed"] == 42], study).axes[0].collections[0].get_segments()
        assert all(low == high for (_, low), (_, high) in bars)


@pytest.mark.parametrize(
    "architectures", [["distilbert"], ["distilbert", "roberta"], ["distilbert", "roberta", "deberta"]]
)
def test_each_architecture_has_a_panel_for_each_cost_with_a_name_for_each_point(architectures):
    study, runs = make_runs(architectures=architectures)
    with style.applied():
        figure = pareto(runs, study)
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
    is_full = runs["configuration"] == "full"
    runs["test_accuracy"] = runs["test_accuracy"].mask(is_full, 0.99)
    runs["train_processor_seconds"] = runs["train_processor_seconds"].mask(is_full, 1.0)
    with style.applied():
        axes = pareto(runs, study).axes[2]  # training time of the first
    filled = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() != "white"]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in filled] == [([1.0], [99.0])]
