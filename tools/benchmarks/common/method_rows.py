"""``metrics/bench/methods.json``: what came of every configuration, and its table."""

from pydantic import Field
from tabulate import tabulate

from stages.core.types import Strict


class MethodRow(Strict):
    """What came of one configuration; None: not there, or not asked after a refusal."""

    configuration: str
    label: str
    peft_type: str | None
    quantization: str
    outcome: str  # trained, refused or failed
    reason: str | None = None  # why it was refused, or failed
    trainable: int | None = None
    adapter: int | None = None
    adapted_modules: int | None = None
    test_accuracy: float | None = None
    resumed_same: bool | None = None  # weights and predictions of the killed run, byte for byte
    reload_difference: float | None = None  # largest of a probability
    full_size_trainable: int | None = None
    faults: list[str] = Field(default_factory=list)  # of resuming, loading and counting

    @property
    def holds(self) -> bool:
        """Trained, and all else went well; or refused."""
        return self.outcome == "refused" or (self.outcome == "trained" and not self.faults)


class Methods(Strict):
    """All rows, and the kinds of PEFT of which there is none."""

    architecture: str
    device: str
    precision: str
    torch: str  # its version
    peft: str
    bitsandbytes: str
    trained: int
    refused: int
    untried: list[str]
    rows: list[MethodRow]


def table(report: Methods, form: str) -> str:
    """A row a configuration, those that were refused last."""
    headers = ["configuration", "method", "trains", "adapter", "accuracy", "resumed", "reloaded", "at full size"]
    trained = [cells(row) for row in report.rows if row.outcome == "trained"]
    refused = [[row.configuration, row.label, row.reason] for row in report.rows if row.outcome != "trained"]
    parts = [
        f"{report.trained} trained, {report.refused} refused; peft {report.peft}, {report.architecture}"
        f"{'' if report.device == 'cpu' else f', {report.precision} on {report.device}, torch {report.torch}'}.",
        tabulate(trained, headers=headers, tablefmt=form, disable_numparse=True),
        tabulate(refused, headers=["configuration", "method", "why not"], tablefmt=form, disable_numparse=True),
    ]
    return "\n\n".join(parts)


def cells(row: MethodRow) -> list[str]:
    """Of one row, as the table has them."""
    if row.outcome != "trained":
        return [row.configuration, row.label, f"{row.outcome}: {row.reason}"]
    same = {True: "same", False: "other", None: "no"}[row.resumed_same]
    difference = "no" if row.reload_difference is None else f"{row.reload_difference:.0e}"
    counted = "not counted" if row.full_size_trainable is None else f"{row.full_size_trainable:,}"
    figures = [f"{row.trainable:,}", f"{row.adapter:,}", f"{row.test_accuracy:.3f}", same, difference, counted]
    return [row.configuration, row.label, *figures]
