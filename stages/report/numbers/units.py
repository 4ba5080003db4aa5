"""Numbers as the paper prints them: tables, figures and prose print a quantity the same way."""

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.report.numbers.latex import Latex


class Format(NamedTuple):
    """How to print a quantity: multiplied by ``scale``, with ``decimals`` places, followed by ``symbol``."""

    symbol: str = ""
    scale: float = 1.0
    decimals: int = 0
    signed: bool = False


COUNT = Format()
LOSS = Format(decimals=2)
FACTOR = Format(decimals=2)
SCALE = Format(decimals=1)
SCORE = Format(decimals=3)
PERCENT = Format("%", 100, 2)
SHARE = Format("%", 100, 1)
SIGNED_SHARE = Format("%", 100, 1, signed=True)
WHOLE_SHARE = Format("%", 100)
POINTS = Format("pp", 100, 2)
WHOLE_POINTS = Format("pp", 100)
DIFFERENCE = Format("pp", 100, 2, signed=True)
SECONDS = Format("s", 1, 1)
HOURS = Format("h", 1 / 3600, 2)
WATT_HOURS = Format("Wh", 1 / 3600, 1)
MEBIBYTES = Format("MiB", 2**-20)
GIBIBYTES = Format("GiB", 2**-30, 2)
KIBIBYTES = Format("KiB", 2**-10, 1)
MILLIONS = Format("M", 1e-6, 2)
THOUSANDS = Format("k", 1e-3, 1)

# LaTeX of each symbol; the report says what pp, k and M stand for where it first uses them.
SYMBOLS = {symbol: rf"\,{symbol}" for symbol in ("pp", "s", "h", "Wh", "k", "M", "KiB", "MiB", "GiB")}
SYMBOLS |= {"": "", "%": r"\%"}


def memory_unit(peaks: pd.Series) -> Format:
    """GiB from 2 GiB on, MiB below; one unit for the whole study."""
    return GIBIBYTES if peaks.max() >= 2 * 2**30 else MEBIBYTES


def checkpoint_unit(sizes: pd.Series) -> Format:
    """MiB where the largest has some, KiB for miniatures."""
    return Format("MiB", 2**-20, 1) if sizes.max() >= 10 * 2**20 else KIBIBYTES


def parameter_unit(counts: pd.Series) -> Format:
    """Millions for full-size encoders, thousands for miniatures."""
    return MILLIONS if counts.max() >= 10e6 else THOUSANDS


def text(value: float, unit: Format = COUNT) -> str:
    """The numeral alone: ``0.8712`` in percent is ``87.12``; ties go away from zero.

    So do those of printed studies: two runs of 93.17 and 93.12 are 93.15 in the mean, not 93.14.

    Accuracies are multiples of one over the test rows, so ties are common, and binary fractions would break them
    one way or the other by the order of summation. A difference that rounds to zero has no sign.
    """
    exact = Decimal(repr(round(float(value) * unit.scale, 9)))
    rounded = exact.quantize(Decimal(1).scaleb(-unit.decimals), ROUND_HALF_UP)
    if not rounded:
        return f"{abs(rounded)}"
    return f"{rounded:{'+' if unit.signed else ''},}"


def p_text(value: float) -> str:
    """A p value: three decimals, and four below 0.01, where a correction for dozens of tests may turn on them."""
    if value < 0.0001:
        return "<0.0001"
    return f"{value:.4f}" if value < 0.01 else f"{value:.3f}"


def rate_text(value: float) -> str:
    """A learning rate in its shortest scientific form: ``1.5e-3``."""
    mantissa, exponent = np.format_float_scientific(value, precision=3, trim="-", exp_digits=1).split("e")
    return f"{mantissa}e{exponent}"


def tex(numeral: str) -> Latex:
    """A numeral in LaTeX."""
    if "e" in numeral:
        mantissa, exponent = numeral.split("e")
        power = f"10^{{{int(exponent)}}}"
        return Latex(f"${power}$" if mantissa == "1" else rf"${mantissa}\times {power}$")
    return Latex(numeral.replace("-", "$-$").replace("<", "$<$"))


UNITS: dict[str, Format] = {  # of the figures of claims
    "share": PERCENT,
    "accuracy": PERCENT,
    "points": DIFFERENCE,
    "ratio": FACTOR,
    "bytes": GIBIBYTES,
    "seconds": SECONDS,
    "parameters": COUNT,
    "texts": COUNT,
}
