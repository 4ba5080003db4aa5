from itertools import combinations
from typing import NamedTuple

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from stages.report.figures import differences, pareto, style, texts, tuning
from stages.report.figures.style import apart, inches, labels
from stages.study.resolve import MINIATURE
from stages.tuning.tuning import Tuning
from tests.helpers.preparation import make_baselines, make_card
from tests.helpers.results import make_runs
from tests.helpers.statistics import make_statistics

WIDE = {"distilbert": "W" * 60, "roberta": "M" * 60, "deberta": "W M" * 20}


def test_close_positions_move_apart_and_keep_their_order():
    assert apart([81.6, 81.5, 88.9], 2) == [82.55, 80.55, 88.9]
    assert apart([10, 0, 5], 2) == [10, 0, 5]
    assert apart([1, 1, 1], 3) == [-2, 1, 4]
    assert apart([], 3) == []


class Named(NamedTuple):
    label: str


def drawn_as(*names: str, most: float = style.NAME_INCHES) -> list[str]:
    return list(labels({str(number): Named(name) for number, name in enumerate(names)}, most).values())


@pytest.mark.parametrize(
    ("name", "drawn"),
    [("LoRA r=8", "LoRA r=8"), ("i" * 60, "i" * 27 + "\u2026"), ("$" * 3, "$$$"), ("W" * 60, "W" * 13 + "\u2026")],
)
def test_a_name_is_as_wide_as_a_figure_has_room_for(name, drawn):
    assert drawn_as(name) == [drawn]


def test_names_differ_however_little_room_there_is():
    assert drawn_as("W" * 60, "W" * 60, "LoRA", most=0.01) == ["WW\u2026(1)", "WW\u2026(2)", "LoRA"]


def test_width_grows_with_the_points():
    assert inches("W" * 10, 8) == pytest.approx(2 * inches("W" * 10, 4), rel=0.01)


def wide(draw) -> Figure:
    """The figure that ``draw`` makes of a study whose three architectures have names of sixty wide letters."""
    with style.applied():
        figure = draw()
        figure.draw_without_rendering()
    return figure


def names_that_overlap(figure: Figure) -> list[tuple[str, str]]:
    """Names of architectures that are printed over each other, and those that leave the figure."""
    drawn = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().startswith(MINIATURE)]
    assert len(drawn) >= len(WIDE)
    boxes = {text: text.get_window_extent() for text in drawn}
    faults = [(a.get_text(), b.get_text()) for a, b in combinations(drawn, 2) if boxes[a].overlaps(boxes[b])]
    inside = figure.bbox.padded(1)
    return faults + [(text.get_text(), "edge") for text in drawn if not inside.contains(*boxes[text].max)]


@pytest.mark.parametrize("name", ["differences", "pareto", "data", "tuning"])
def test_names_of_sixty_wide_letters_are_not_printed_over_each_other(name, in_empty_folder):
    changes = {"architectures": list(WIDE), "seeds": [42]}
    changes |= {f"architecture.{key}.label": text for key, text in WIDE.items()}
    if name == "tuning":
        changes |= {"configurations": ["full", "ia3"], "probes": [], "rate_factors": [0.3, 3]}
    study, runs = make_runs(**changes)
    draw = {
        "differences": lambda: differences.differences(study, make_statistics(study), make_baselines()),
        "pareto": lambda: pareto.pareto(runs, study, make_statistics(study).frontiers),
        "data": lambda: texts.data(make_card(), texts.read_lengths(list(WIDE)), study),
        "tuning": lambda: tuning.tuning(Tuning.read(), study),
    }
    assert names_that_overlap(wide(draw[name])) == []
