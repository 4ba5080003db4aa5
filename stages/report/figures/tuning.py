"""Validation accuracy against the learning rate: the curves behind the choice of each configuration's rate."""

from math import ceil, log10

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from stages.report.figures import style
from stages.study.grid import StudySettings
from stages.tuning.tuning import TunedCell, Tuning

FEW = 12  # panels up to which there is room for four a row
HIGHEST = 8.3  # inches: with its caption, a page of the report
BESIDE = 6.2  # inches of all panels of a row
ROOM = 0.05  # a fraction of accuracy that is drawn below the best of the weakest configuration, at least


def tuning(tuned: Tuning, study: StudySettings) -> Figure | None:
    """A panel a configuration, a line an architecture through the means over seeds; the chosen rate is filled.

    The rate is a multiple of the configuration's own. What lies below the axis is drawn at its foot.
    """
    drawn = [cell for cell in tuned.cells if cell.best.completed]
    if not drawn:
        return None
    names = [name for name in study.headline if any(cell.configuration == name for cell in drawn)]
    most = 4 if len(names) <= FEW else 6
    rows = ceil(len(names) / most)
    columns = ceil(len(names) / rows)
    height = min(0.75 + 1.05 * rows, HIGHEST)
    figure = Figure(figsize=(style.PAGE, height))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    looks, points = style.looks(list(study.architectures)), 7 if most == 4 else 6
    labels = style.labels(study.configurations, BESIDE / columns, points)
    foot = _foot(drawn)
    for axes, name in zip(panels, names, strict=False):
        for cell in drawn:
            if cell.configuration == name:
                _curve(axes, cell, looks[cell.architecture], foot)
        axes.set_title(labels[name], fontsize=points, pad=2)
    for axes in panels[len(names) :]:
        axes.set_visible(False)
    for axes in panels[max(len(names) - columns, 0) : len(names)]:  # the last of each column, whose row may be short
        axes.xaxis.set_tick_params(labelbottom=True)
    factors = [rate.factor for rate in drawn[0].rates]
    panels[0].set_xticks([log10(float(factor)) for factor in factors], factors)
    panels[0].minorticks_off()
    figure.supylabel("Validation accuracy (%)", fontsize=8)
    figure.supxlabel("Multiple of the configured learning rate", fontsize=8)
    if len(study.architectures) > 1:
        names = style.labels(study.architectures)
        lines = [_line(names[name], look) for name, look in looks.items()]
        style.legend_outside(figure, lines, len(lines), "upper")  # below it would hide the axis label
    return figure


def _foot(cells: list[TunedCell]) -> float:
    """Where the axis begins, in percent: rates that teach nothing would else press all curves together."""
    best = [cell.best.mean_validation for cell in cells]
    everything = [
        score for cell in cells for rate in cell.rates for score in rate.validation_accuracy if score is not None
    ]
    return 100 * max(min(everything), min(best) - max(ROOM, max(best) - min(best)))


def _curve(axes: Axes, cell: TunedCell, look: style.Look, foot: float) -> None:
    """Means joined, a faint dot a run, no point where every run of a rate failed."""
    tried = [rate for rate in cell.rates if rate.completed]
    places = [log10(float(rate.factor)) for rate in tried]
    means = [max(100 * rate.mean_validation, foot) for rate in tried]
    axes.plot(places, means, color=look.colour, linewidth=0.9)
    for rate, x, mean in zip(tried, places, means, strict=True):
        scores = [max(100 * score, foot) for score in rate.validation_accuracy if score is not None]
        axes.plot(
            [x] * len(scores), scores, look.marker, color=look.colour, markersize=2, alpha=0.35, markeredgewidth=0
        )
        is_chosen = rate.factor == cell.chosen
        axes.plot(
            x,
            mean,
            look.marker,
            color=look.colour,
            markersize=4.5 if is_chosen else 3,
            markerfacecolor=look.colour if is_chosen else "white",
            markeredgewidth=0.7,
        )


def _line(label: str, look: style.Look) -> Line2D:
    return Line2D([], [], color=look.colour, marker=look.marker, linewidth=0.9, label=label)
