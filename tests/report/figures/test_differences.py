import pytest

from stages.report.figures import style
from stages.report.figures.differences import differences
from tests.helpers.preparation import make_baselines
from tests.helpers.results import make_runs
from tests.helpers.statistics import make_statistics

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def drawn(**changes):
    study, _ = make_runs(**changes)
    statistics = make_statistics(study)
    with style.applied():
        return study, statistics, differences(study, statistics, make_baselines())


def points(axes) -> list[tuple[float, bool]]:
    """Differences from above to below, and whether each is filled."""
    dots = sorted((line for line in axes.lines if line.get_marker() == "o"), key=lambda line: line.get_ydata()[0])
    return [(round(float(dot.get_xdata()[0]), 6), dot.get_markerfacecolor() != "white") for dot in dots]


def test_each_difference_stands_as_the_tests_have_it():
    study, statistics, figure = drawn(architectures=["distilbert", "roberta"])
    for axes, architecture in zip(figure.axes, study.architectures, strict=True):
        of_architecture = [test for test in statistics.comparisons if test.architecture == architecture]
        tests = {frozenset((test.first, test.second)): test for test in of_architecture}
        expected = []
        for first, second in study.drawn_pairs:
            if test := tests.get(frozenset((first, second))):
                sign = 1 if test.first == first else -1
                expected.append((round(100 * sign * test.difference, 6), test.verdict == "distinguishable"))
        assert len(expected) == 13
        assert points(axes) == expected
    assert figure.axes[0].get_xlim() == figure.axes[1].get_xlim()


def test_rows_are_methods_then_steps():
    _, _, figure = drawn(configurations=["full", "lora-r8", "lora-r16"], probes=["full-probe"])
    rows = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert rows == ["LoRA r=8", "LoRA r=16", "LoRA r=8 \u2192 LoRA r=16", "Full FT \u2192 Full FT probe"]


def test_the_bag_of_words_is_a_line_where_it_lies_from_full_fine_tuning():
    grid = {"architectures": ["distilbert"], "configurations": ["full", "ia3"], "probes": ["ia3-probe"]}
    _, statistics, figure = drawn(**grid)
    full = next(entry.mean for entry in statistics.accuracy if entry.configuration == "full")
    segments = [segment for collection in figure.axes[0].collections for segment in collection.get_segments()]
    upright = [segment for segment in segments if segment[0][0] == segment[1][0]]
    bag = make_baselines().tfidf_logistic_regression.test_accuracy
    assert [segment[0][0] for segment in upright] == [pytest.approx(100 * (bag - full))]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["IA3", "IA3 \u2192 IA3 probe"]
    assert [end[1] for end in upright[0]] == [-0.5, 0.5]  # beside the one row that is a difference from it


def test_without_full_fine_tuning_steps_are_left_and_without_a_pair_nothing():
    _, _, figure = drawn(configurations=["lora-r8", "lora-r16"], probes=[])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["LoRA r=8 \u2192 LoRA r=16"]
    assert drawn(configurations=["full"], probes=[])[2] is None
