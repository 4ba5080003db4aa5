"""Numbers as the paper prints them, and the ledger that says where each comes from.

Formatting happens here alone: tables, figures' annotations and prose print a quantity the same way.
"""

import json
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.lib.latex import Latex, escape
from stages.lib.runs import Memory
from stages.lib.schema import Strict


class Unit(NamedTuple):
    """How to print a quantity: multiplied by ``scale``, with ``decimals`` places, followed by ``symbol``."""

    symbol: str = ""
    scale: float = 1.0
    decimals: int = 0
    signed: bool = False


COUNT = Unit()
LOSS = Unit(decimals=2)
FACTOR = Unit(decimals=2)
PERCENT = Unit("%", 100, 2)
SHARE = Unit("%", 100, 1)
POINTS = Unit("pp", 100, 2)
DIFFERENCE = Unit("pp", 100, 2, signed=True)
SECONDS = Unit("s", 1, 1)
HOURS = Unit("h", 1 / 3600, 2)
MEBIBYTES = Unit("MiB", 2**-20)
GIBIBYTES = Unit("GiB", 2**-30, 2)
MILLIONS = Unit("M", 1e-6, 2)
THOUSANDS = Unit("k", 1e-3, 1)

# LaTeX for each symbol; the report says what pp, k and M stand for where it first uses them.
SYMBOLS = {"": "", "%": r"\%", "pp": r"\,pp", "s": r"\,s", "h": r"\,h", "k": r"\,k", "M": r"\,M"} | {
    name: rf"\,{name}" for name in ("MiB", "GiB")
}


def memory_unit(peaks: pd.Series) -> Unit:
    """GiB from 2 GiB on, MiB below; one unit for the whole study."""
    return GIBIBYTES if peaks.max() >= 2 * 2**30 else MEBIBYTES


def parameter_unit(counts: pd.Series) -> Unit:
    """Millions for full-size encoders, thousands for miniatures."""
    return MILLIONS if counts.max() >= 10e6 else THOUSANDS


def axis_label(memory: Memory, unit: Unit) -> str:
    return f"{memory.label[0].upper()}{memory.label[1:]} ({unit.symbol})"


def text(value: float, unit: Unit = COUNT) -> str:
    """The numeral alone: ``0.8712`` in percent is ``87.12``; ties go to the even digit.

    Accuracies are multiples of one over the test rows, so ties are common, and binary fractions would break them
    one way or the other by the order of summation. A difference that rounds to zero has no sign.
    """
    exact = Decimal(repr(round(float(value) * unit.scale, 9)))
    rounded = exact.quantize(Decimal(1).scaleb(-unit.decimals), ROUND_HALF_EVEN)
    if not rounded:
        return f"{abs(rounded)}"
    return f"{rounded:{'+' if unit.signed else ''},}"


def mean_and_deviation(mean: float, deviation: float) -> Latex:
    """Fractions in percent as ``90.02 ± 0.18``; a dash stands in for the deviation of a single run (NaN)."""
    return Latex(rf"{text(mean, PERCENT)}\,\textpm\,{'--' if np.isnan(deviation) else text(deviation, POINTS)}")


def rate_text(value: float) -> str:
    """A learning rate in its shortest scientific form: ``1.5e-3``."""
    mantissa, exponent = np.format_float_scientific(value, precision=3, trim="-", exp_digits=1).split("e")
    return f"{mantissa}e{exponent}"


def tex(numeral: str, unit: Unit = COUNT) -> Latex:
    """A numeral in running text, with its symbol."""
    if "e" in numeral:
        mantissa, exponent = numeral.split("e")
        power = f"10^{{{int(exponent)}}}"
        return Latex(f"${power}$" if mantissa == "1" else rf"${mantissa}\times {power}$")
    return Latex(numeral.replace("-", "$-$") + SYMBOLS[unit.symbol])


class Number(Strict):
    """One entry of the ledger: what is printed, what it was before rounding, and where it was read."""

    value: float | int | str
    text: str
    unit: str
    source: str  # file
    source_key: str  # path of keys in that file, or an expression over such paths


class Ledger:
    """Every number of the paper by key. Reading one returns LaTeX and notes that it was used."""

    def __init__(self) -> None:
        self.entries: dict[str, Number] = {}
        self.used: set[str] = set()
        self._units: dict[str, Unit] = {}

    def add(self, key: str, value: float | str | None, unit: Unit, source: Path | str, source_key: str) -> None:
        """Enter a number; None and NaN (not measured, not defined) stay out, so ``has(key)`` is False.

        A string is printed as it is: a version, a commit, an identifier.
        """
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return
        printed = value if isinstance(value, str) else text(value, unit)
        value = value.item() if isinstance(value, np.generic) else value
        self._enter(key, Number(value=value, text=printed, unit=unit.symbol, **_origin(source, source_key)), unit)

    def add_rate(self, key: str, value: float, source: Path | str, source_key: str) -> None:
        """Enter a learning rate."""
        number = Number(value=float(value), text=rate_text(value), unit="", **_origin(source, source_key))
        self._enter(key, number, COUNT)

    def has(self, key: str) -> bool:
        return key in self.entries

    def number(self, key: str) -> Latex:
        """The number as LaTeX, unit included.

        Raises:
            KeyError: no such entry.
        """
        entry = self.entries[key]
        self.used.add(key)
        return escape(entry.text) if isinstance(entry.value, str) else tex(entry.text, self._units[key])

    def plain(self, key: str) -> str:
        """The numeral alone, for decisions: ``"0.00"`` means equal as printed."""
        return self.entries[key].text

    def write(self, path: Path) -> None:
        """Write all entries as JSON, in the order entered."""
        entries = {key: number.model_dump() for key, number in self.entries.items()}
        path.write_text(json.dumps(entries, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def _enter(self, key: str, number: Number, unit: Unit) -> None:
        assert key not in self.entries, f"{key} entered twice"
        self.entries[key] = number
        self._units[key] = unit


def _origin(source: Path | str, source_key: str) -> dict[str, str]:
    return {"source": str(source), "source_key": source_key}
