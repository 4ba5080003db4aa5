"""A number as the page shows it, tied to its entry in the ledger where it has one."""

import math
from typing import NamedTuple

from stages.report.numbers.ledger import Ledger, Number, Source
from stages.report.numbers.units import COUNT, Format, p_text, text

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
    """Shows a study's numbers: as the ledger has them, and of a study that has no ledger in the same form.

    ``own`` takes in what the page shows and the report's ledger has not; ``shown`` are the keys of all that it showed.
    """

    def __init__(self, ledger: Ledger | None, own: Ledger | None = None) -> None:
        self._ledger = ledger
        self.own = own
        self.shown: set[str] = set()

    def show(self, value: float | None, unit: Format, key: str | None = None, source: Source | None = None) -> Shown:
        """A number of this study; a dash for what was not measured.

        Args:
            source: where it was read; the page's own number where the ledger has none of this key.
        """
        if value is None or math.isnan(value):
            return NOTHING
        known = self._known(key)
        if known is None and self.own is not None and source is not None:
            self.own.add(key, value, unit, source)
            known = self.own.entries[key]
        return self._as_known(known, joined(text(value, unit), unit.symbol), value, key)

    def p(self, value: float | None, key: str | None = None, source: Source | None = None) -> Shown:
        """A p value."""
        if value is None:
            return NOTHING
        known = self._known(key)
        if known is None and self.own is not None and source is not None:
            self.own.add_p(key, value, source)
            known = self.own.entries[key]
        return self._as_known(known, p_text(value), value, key)

    def count(self, value: int, key: str | None = None, source: Source | None = None) -> Shown:
        """How many there are of something."""
        return self.show(value, COUNT, key, source)

    def _known(self, key: str | None) -> Number | None:
        for ledger in (self._ledger, self.own):
            if ledger is not None and key in ledger.entries:
                return ledger.entries[key]
        return None

    def _as_known(self, known: Number | None, words: str, value: float, key: str | None) -> Shown:
        if known is None:
            return Shown(words, float(value))
        if self.own is not None and known is self.own.entries.get(key):
            assert known.value == value, f"{key}: {value!r} here, {known.value!r} there"
        self.shown.add(key)
        return Shown(with_unit(known), float(value), key)


def with_unit(number: Number) -> str:
    """As it is printed: ``41.2 s``, ``87.12%``, ``60``."""
    is_text = isinstance(number.value, str)
    return number.text if is_text else joined(number.text, number.unit)


def joined(numeral: str, symbol: str) -> str:
    """A numeral with its unit."""
    space = "" if symbol in ("", "%") else " "
    return f"{numeral.replace('-', MINUS) if 'e' not in numeral else numeral}{space}{symbol}"
