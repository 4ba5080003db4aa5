"""The table of ``metrics/bench/speed.json``."""

import math

from tabulate import tabulate

from tools.benchmarks.common.results import EXAMPLES, Ratios, Side, Speed, SpeedRow, Together

# Of a figure, the published recipe's, the tuned recipe's and ours.
FIGURES = ("s/run", "two at once", "samples/s", "accuracy (%)", "peak MiB", "start-up (s)", "% of peak")
RATIOS = ("ours vs published", "vs tuned")
HEADERS = ("cell", *(name for figure in FIGURES for name in (figure, "tuned", "ours")), *RATIOS)
NOT_MEASURED = "not measured"


def table(report: Speed, form: str) -> str:
    """A row a cell, the three sides beside each other, and what follows from all of them."""
    rows = [row_of(cell, report.full_size) for cell in report.cells]
    lines = [
        tabulate(rows, headers=HEADERS, tablefmt=form, disable_numparse=True, stralign="right"),
        "",
        f"seconds a run, published / ours, median over cells: {said(report.median_over_published)}",
        f"seconds a run, tuned / ours, median over cells: {said(report.median_over_tuned)}",
        *(f"samples/s, ours / tuned, {line}" for line in by_method(report)),
        *full_steps(report),
        f"matrix-product peak: {report.machine.peak_flops_per_second / 1e9:.0f} GFLOP/s, {report.machine.precision}",
        f"peak memory of training, measured / predicted: {peaks(report)}",
        f"42 runs at full size: {extrapolated(report)}",
    ]
    if report.full_size:
        lines[:0] = [steps_of(report), ""]
    if report.not_measured:
        lines += ["", f"stopped before: {', '.join(report.not_measured)}"]
    return "\n".join(lines)


def steps_of(report: Speed) -> str:
    """How little a run at full size is, and where."""
    steps = math.ceil(report.cells[0].examples / EXAMPLES)
    where = "a CPU (on a GPU nothing was measured)" if report.machine.device == "cpu" else report.machine.device
    return f"random weights at the published sizes, on {where}; steps of {EXAMPLES} texts a run: {steps}"


def full_steps(report: Speed) -> list[str]:
    """A line a method: the share of the peak of each architecture; none in a report of before there were such."""
    lines: dict[str, list[str]] = {}
    for cell in report.cells:
        if (steps := cell.full_steps) is not None:
            share = f"{cell.architecture} {100 * steps.share_of_peak:.1f}"
            peak = f"of {steps.peak_flops_per_second / 1e9:.0f} GFLOP/s ({steps.rows} x {steps.tokens} tokens)"
            lines.setdefault(cell.configuration, []).append(f"{share} {peak}")
    found = [f"{configuration}: {', '.join(shares)}" for configuration, shares in lines.items()]
    where = ", on one thread" if report.machine.device == "cpu" else ""
    return [f"% of peak in full steps{where}, {line}" for line in found]


def row_of(cell: SpeedRow, full_size: bool) -> list[str]:
    sides = (cell.published, cell.tuned, cell.ours)
    pairs = (cell.published_together, cell.tuned_together, cell.ours_together)
    return [
        f"{cell.architecture} {cell.configuration}",
        *(f"{side.seconds:.1f}" for side in sides),
        *(f"{pair.seconds:.1f}" if pair else "-" for pair in pairs),
        *(f"{side.samples_per_second:.0f}" for side in sides),
        *("random" if full_size else accuracies(side, pair) for side, pair in zip(sides, pairs, strict=True)),
        *(f"{(side.peak_memory_allocated_bytes or side.peak_memory_host_bytes) / 2**20:.0f}" for side in sides),
        *(f"{side.startup_seconds:.1f}" for side in sides),
        *(f"{100 * side.share_of_peak:.1f}" for side in sides),
        f"{cell.over_published.as_used:.2f}",
        f"{cell.over_tuned.as_used:.2f}",
    ]


def said(ratios: Ratios) -> str:
    together = NOT_MEASURED if ratios.together is None else f"{ratios.together:.2f}"
    return (
        f"{ratios.as_used:.2f} as each is used (alone {ratios.alone:.2f}, from the first step on"
        f" {ratios.after_startup:.2f}, two at once {together}; samples/s {ratios.samples_per_second:.2f})"
    )


def by_method(report: Speed) -> list[str]:
    """A line a method: the ratio of each architecture."""
    lines: dict[str, list[str]] = {}
    for cell in report.cells:
        ratio = f"{cell.architecture} {cell.over_tuned.samples_per_second:.2f}"
        lines.setdefault(cell.configuration, []).append(ratio)
    return [f"{configuration}: {', '.join(found)}" for configuration, found in lines.items()]


def accuracies(side: Side, pair: Together | None) -> str:
    """In percent, a seed each."""
    fractions = pair.test_accuracies if pair else [side.test_accuracy]
    return " ".join(f"{100 * accuracy:.1f}" for accuracy in fractions)


def peaks(report: Speed) -> str:
    """The smallest and the largest ratio, of the cells where both were had."""
    ratios = []
    for cell in report.cells:
        measured, predicted = cell.ours.peak_memory_allocated_bytes, cell.predicted_peak_bytes
        if measured and predicted:
            ratios.append(measured / predicted)
    return f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else NOT_MEASURED


def extrapolated(report: Speed) -> str:
    seconds = report.extrapolation.grid_seconds
    return NOT_MEASURED if seconds is None else f"{seconds / 60:.1f} min"
