"""The table of ``metrics/bench/speed.json``."""

import math

from tabulate import tabulate

from tools.benchmarks.common.results import Side, Speed, SpeedRow, Together

HEADERS = ("cell", "s/run", "ours", "two at once", "ours", "ratio", "samples/s", "ours", "accuracy (%)", "ours",
           "peak MiB", "ours", "start-up (s)", "ours", "% of peak", "ours")  # fmt: skip
NOT_MEASURED = "not measured"


def table(report: Speed, form: str) -> str:
    """A row a cell, published and ours side by side, and what follows from all of them."""
    rows = [row_of(cell, report.full_size) for cell in report.cells]
    lines = [
        tabulate(rows, headers=HEADERS, tablefmt=form, disable_numparse=True, stralign="right"),
        "",
        f"seconds a run, published / ours, median over cells: {report.median_ratio_seconds:.2f} as each is used"
        f" (alone {report.median_ratio_alone:.2f}, two at once {report.median_ratio_together or math.nan:.2f})",
        f"samples/s of full fine-tuning, ours / published: {ratios_of_full(report)}",
        f"matrix-product peak: {report.machine.peak_flops_per_second / 1e9:.0f} GFLOP/s, {report.machine.precision}",
        f"peak memory of training, measured / predicted: {peaks(report)}",
        f"42 runs at full size: {extrapolated(report)}",
    ]
    return "\n".join(lines)


def row_of(cell: SpeedRow, full_size: bool) -> list[str]:
    sides, pairs = (cell.published, cell.ours), (cell.published_together, cell.ours_together)
    return [
        f"{cell.architecture} {cell.configuration}",
        *(f"{side.seconds:.1f}" for side in sides),
        *(f"{pair.seconds:.1f}" if pair else "-" for pair in pairs),
        f"{cell.ratio_seconds:.2f}",
        *(f"{side.samples_per_second:.0f}" for side in sides),
        *("random" if full_size else accuracies(side, pair) for side, pair in zip(sides, pairs, strict=True)),
        *(f"{(side.peak_memory_allocated_bytes or side.peak_memory_host_bytes) / 2**20:.0f}" for side in sides),
        *(f"{side.startup_seconds:.1f}" for side in sides),
        *(f"{100 * side.share_of_peak:.1f}" for side in sides),
    ]


def accuracies(side: Side, pair: Together | None) -> str:
    """In percent, a seed each."""
    fractions = pair.test_accuracies if pair else [side.test_accuracy]
    return " ".join(f"{100 * accuracy:.1f}" for accuracy in fractions)


def ratios_of_full(report: Speed) -> str:
    full = [cell for cell in report.cells if cell.configuration == "full"]
    return ", ".join(f"{cell.architecture} {cell.ratio_samples_per_second:.2f}" for cell in full) or NOT_MEASURED


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
