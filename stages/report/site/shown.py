"""A number as the page shows it, tied to its entry in the ledger where it has one."""

import math
from typing import NamedTuple

from stages.report.numbers.ledger import Ledger, Number
from stages.report.numbers.units import Format, p_text, text

DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


class Shown(NamedTuple):
    """``text`` has the unit; ``order`` is what a table sorts by; ``key`` is of the ledger, None where it has none."""

    text: str
    order: float | None = None
    key: str | None = None

    @property
    def sort(self) -> str:
        """``order`` as an attribute of HTML."""
        return "" if self.order is None else repr(float(self.order))


NOTHING = Shown(DASH)


class Printer:
    """Shows a study's numbers: as the ledger has them, and of a study that has no ledger in the same form."""

    def __init__(self, ledger: Ledger | None) -> None:
        self._ledger = ledger

    def show(self, value: float | None, unit: Format, key: str | None = None) -> Shown:
        """A number of this study; a dash for what was not measured."""
        if value is None or math.isnan(value):
            return NOTHING
        if self._ledger is not None and key is not None and key in self._ledger.entries:
            return Shown(with_unit(self._ledger.entries[key]), float(value), key)
        return Shown(joined(text(value, unit), unit.symbol), float(value))

    def p(self, value: float | None, key: str | None = None) -> Shown:
        """A p value."""
        if value is None:
            return NOTHING
        known = self._ledger is not None and key is not None and key in self._ledger.entries
        return Shown(p_text(value), value, key if known else None)


def with_unit(number: Number) -> str:
    """As it is printed: ``41.2 s``, ``87.12%``, ``60``."""
    is_text = isinstance(number.value, str)
    return number.text if is_text else joined(number.text, number.unit)


def joined(numeral: str, symbol: str) -> str:
    """A numeral with its unit."""
    space = "" if symbol in ("", "%") else " "
    return f"{numeral.replace('-', MINUS) if 'e' not in numeral else numeral}{space}{symbol}"
