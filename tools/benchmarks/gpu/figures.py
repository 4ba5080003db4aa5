"""Figures of a part, the expected ones beside them: ``metrics/bench/gpu-<part>.json`` and ``.md``."""

from pathlib import Path

from ruamel.yaml import YAML
from tabulate import tabulate

from stages.core.types import Strict
from tools.benchmarks.common.results import MeasuredMachine

EXPECTED = Path(__file__).with_name("expected.yaml")


class Figure(Strict):
    """One thing measured; ``fault`` where it could not be."""

    of: str  # a cell, or another thing that was tried
    what: str
    value: float | str | None = None
    unit: str = ""
    expected: str | None = None
    fault: str | None = None

    @property
    def shown(self) -> str:
        if self.fault is not None:
            return f"failed: {self.fault}"
        return f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)

    @property
    def said(self) -> str:
        return f"{self.of}: {self.what}: {self.shown} {self.unit}".rstrip()


class Part(Strict):
    """All that one part of the benchmark found."""

    part: str
    machine: MeasuredMachine
    sizes: str  # of the models: published, or tiny
    seconds: float  # that the part took
    figures: list[Figure]


def report_path(part: str) -> Path:
    return Path(f"metrics/bench/gpu-{part}.json")


def with_expected(part: str, figure: Figure) -> Figure:
    """With what was expected of this very thing, or of everything that is measured so, if anything was."""
    known = YAML(typ="safe").load(EXPECTED.read_text(encoding="utf-8"))[part].get(figure.what, {})
    expected = known.get(figure.of, known.get("any"))
    return figure.model_copy(update={"expected": None if expected is None else str(expected)})


def table(report: Part, form: str) -> str:
    """A row a figure."""
    rows = [[f.of, f.what, f.shown, f.unit, f.expected or ""] for f in report.figures]
    body = tabulate(rows, ["of", "what", "measured", "", "expected"], tablefmt=form, disable_numparse=True)
    return f"{report.part}: {report.machine.device}, {report.sizes} sizes, {report.seconds:.0f} s.\n\n{body}"
