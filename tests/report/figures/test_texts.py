from itertools import combinations

import pytest
from matplotlib.axes import Axes

from stages.core.errors import InputError
from stages.report.figures import style
from stages.report.figures.texts import data, read_lengths
from tests.helpers.kinds import FOREIGN
from tests.helpers.preparation import make_card
from tests.helpers.results import write_results
from tests.helpers.tables import SMALL

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_class_bars_show_the_counts():
    study = write_results(**SMALL)
    with style.applied():
        axes = data(make_card(), read_lengths(["distilbert"]), study).axes[0]
    counts = ["750", "250", "1,000"]
    assert [text.get_text() for text in axes.texts] == [*counts, *counts]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["negative", "positive"]


def overlapping(axes: Axes) -> list[tuple[str, str]]:
    """Pairs of texts in and above the axes that are printed one over the other."""
    axes.figure.draw_without_rendering()
    texts = [*axes.texts, *axes.get_legend().get_texts()]
    boxes = {text: text.get_window_extent() for text in texts}
    return [(a.get_text(), b.get_text()) for a, b in combinations(texts, 2) if boxes[a].overlaps(boxes[b])]


@pytest.mark.parametrize("kind", FOREIGN)
def test_labels_are_never_printed_over_each_other(kind):
    card = make_card(FOREIGN[kind].shares, FOREIGN[kind].test_rows, **FOREIGN[kind].card)
    study = write_results(**SMALL)
    with style.applied():
        figure = data(card, read_lengths(["distilbert"]), study)
    assert overlapping(figure.axes[0]) == []
    legend = figure.axes[0].get_legend().get_window_extent()
    assert legend.x0 >= 0
    assert legend.x1 <= figure.bbox.width


@pytest.mark.parametrize(
    ("classes", "shown"),
    [
        (["W" * 60, "x" * 60], ["W" * 17 + "\u2026", "x" * 17 + "\u2026"]),
        (["a long name of a class, 1", "a long name of a class, 2"], ["class 0", "class 1"]),
        (["$5 to $10", "\u597d"], ["$5 to $10", "class 1"]),
        (["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d", "e", "f"]),
        ([f"c{index}" for index in range(7)], ["train", "validation", "test"]),
        ([f"c{index}" for index in range(200)], ["train", "validation", "test"]),
    ],
)
def test_any_number_of_classes_of_any_name(classes, shown):
    card = make_card(tuple([1 / len(classes)] * len(classes)), classes=classes)
    study = write_results(**SMALL)
    with style.applied():
        axes = data(card, read_lengths(["distilbert"]), study).axes[0]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == shown
    assert overlapping(axes) == []


def test_missing_token_lengths_are_named():
    with pytest.raises(InputError) as error:
        read_lengths(["distilbert"])
    assert str(error.value) == "data/tokenized/distilbert/train: not found; run `dvc repro tokenize@distilbert` first"
