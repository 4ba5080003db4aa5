"""The ledger of the paper's numbers: what is printed, what it was before rounding, and where it comes from."""

import inspect
import json
import re
import traceback
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import RootModel

from stages.core.files import StageFile, write_text
from stages.core.free_text import plain, visible
from stages.core.types import Strict
from stages.report.numbers.keys import may_be
from stages.report.numbers.latex import BREAK, Latex, breakable, escape, named
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import COUNT, SYMBOLS, Format, p_text, rate_text, tex, text

NOT_MEASURED = Latex("--")
ROOT = Path(__file__).parents[3]  # of the project


class Number(Strict):
    """One number of the paper: what is printed, what it was before rounding, and where it comes from."""

    value: float | int | str
    text: str
    unit: str
    source: str  # file
    source_key: str  # path of keys in that file, or an expression over such paths
    stage: str | None  # of dvc.yaml, that makes the source; None for a constant of the code
    command: str | None  # that makes it again
    records: list[str]  # the run records behind it
    parameters: list[str]  # files that say what those runs were told


class Numbers(StageFile, RootModel[dict[str, Number]]):
    """What a ledger wrote, by key. Tables and figures keep such a file of what they print beside themselves."""

    PLACE = "paper/generated/numbers.json"
    STAGE = "paper"


class Source(NamedTuple):
    """Where a number is read: a file, a key in it, and the records behind that."""

    file: Path | str
    key: str
    records: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


class MissingNumberError(Exception):
    """This grid lacks a number that another may have; what is said with it goes unsaid (report/text/sentences.py)."""

    def __init__(self, key: str) -> None:
        super().__init__(f"this grid has no number {key}")
        self.key = key


class Ledger:
    """Every number of the paper by key. Printing one returns LaTeX, linked to its entry, and notes that it was printed.

    A number entered as ``optional`` need not be printed: some sentences are chosen by the data.

    Args:
        names: of architectures and configurations that keys may hold, those that this grid lacks too; a key with
            another one, or of no form that is known, is a ``KeyError``. None: any key may be.
    """

    def __init__(self, producers: Producers, names: Collection[str] | None = None) -> None:
        self.entries: dict[str, Number] = {}
        self.printed: set[str] = set()
        self._optional: set[str] = set()
        self._entering_lines: dict[str, str] = {}  # key -> the line of code that entered it
        self._producers = producers
        self._names = names

    def add(self, key: str, value: float | str | None, unit: Format, source: Source, *, optional: bool = False) -> None:
        """Enter a number; None and NaN (not measured, not defined) stay out, so ``has(key)`` is False.

        A string is printed as it is: a version, a commit, an identifier.
        """
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return
        value = plain(value) if isinstance(value, str) else value
        printed = value if isinstance(value, str) else text(value, unit)
        value = value.item() if isinstance(value, np.generic) else value
        self._enter(key, value, printed, unit.symbol, source, optional)

    def add_rate(self, key: str, value: float, source: Source, *, optional: bool = False) -> None:
        """Enter a learning rate."""
        self._enter(key, float(value), rate_text(value), "", source, optional)

    def add_p(self, key: str, value: float, source: Source, *, optional: bool = False) -> None:
        """Enter a p value."""
        self._enter(key, value, p_text(value), "", source, optional)

    def quoted(self, prefix: str, words: str, source: Source) -> Latex:
        """Somebody's words as they stand, each numeral in them entered and linked."""
        latex = ""
        for index, part in enumerate(re.split(rf"(\d(?:[\d.,{BREAK}]*[\d.,])?)", breakable(words))):
            is_numeral = index % 2 == 1  # split puts what the group matched between the rest
            if is_numeral:
                key = f"{prefix}.{index}"
                if not self.has(key):
                    self.add(key, part.replace(BREAK, ""), COUNT, source, optional=True)
                latex += self.number(key)
            elif part:
                latex += named(part)
        return Latex(latex)

    def has(self, key: str) -> bool:
        """Whether this grid has the number.

        Raises:
            KeyError: no grid has it.
        """
        if key not in self.entries and not self._may_be(key):
            raise KeyError(key)
        return key in self.entries

    def entry(self, key: str) -> Number:
        """What was entered.

        Raises:
            MissingNumberError: this grid lacks it.
            KeyError: no grid has it.
        """
        if not self.has(key):
            raise MissingNumberError(key)
        return self.entries[key]

    def number(self, key: str) -> Latex:
        """The number as LaTeX, unit included, for a sentence.

        Raises:
            MissingNumberError: this grid lacks it.
            KeyError: no grid has it.
        """
        return self._linked(key, SYMBOLS[self.entry(key).unit])

    def numeral(self, key: str) -> Latex:
        """The number without its unit, for a table whose header has the unit; a dash for what was not measured."""
        return self._linked(key, "") if self.has(key) else NOT_MEASURED

    def with_deviation(self, key: str, deviation: str) -> Latex:
        """Mean and deviation, ``90.02 ± 0.18``; a dash stands in for the deviation of a single run, or for both."""
        if not self.has(key):
            return NOT_MEASURED
        return Latex(rf"{self.numeral(key)}\,\textpm\,{self.numeral(deviation)}")

    def span(self, key: str) -> Latex:
        """A numeral, or the least and the greatest (``key_least``, ``key_most``) of what has several."""
        if self.has(key):
            return self.numeral(key)
        return Latex(f"{self.numeral(f'{key}_least')}--{self.numeral(f'{key}_most')}")

    def as_printed(self, key: str) -> str:
        """The numeral as plain text, for decisions: ``"0.00"`` means equal as printed."""
        return self.entry(key).text

    def printed_numbers(self) -> dict[str, Number]:
        """In the order entered."""
        return {key: number for key, number in self.entries.items() if key in self.printed}

    def never_printed(self) -> dict[str, str]:
        """Numbers that should have been printed and were not, with the line of code that entered each."""
        done = self.printed | self._optional
        return {key: line for key, line in self._entering_lines.items() if key not in done}

    def leave_out(self, keys: Collection[str], printed_before: set[str]) -> None:
        """Take back what a sentence printed that is left out; neither that nor ``keys`` need be printed elsewhere."""
        self._optional |= self.printed - printed_before | set(keys)
        self.printed = printed_before

    def write(self, path: Path) -> None:
        """Write the numbers that were printed; read them back with ``Numbers``."""
        entries = {key: number.model_dump() for key, number in self.printed_numbers().items()}
        # as Python spells them: pydantic's JSON has 0.00001 for 1e-05
        write_text(path, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")

    def note_printed(self, path: Path) -> None:
        """Take in what another stage printed from its own ledger.

        Raises:
            InputError: the stage has not run.
        """
        for key, number in Numbers.read_from(path).root.items():
            self.entries.setdefault(key, number)  # entered by that stage alone, or by both alike
            self.printed.add(key)

    def _enter(self, key: str, value: float | str, printed: str, symbol: str, source: Source, optional: bool) -> None:
        assert key not in self.entries, f"{key} entered twice"
        assert self._may_be(key), f"{key}: of no form in stages/report/numbers/keys.py; add it there"
        producer = self._producers.producer(source.file)
        self.entries[key] = Number(
            value=value,
            text=printed,
            unit=symbol,
            source=str(source.file),
            source_key=visible(source.key),
            stage=producer and producer.stage,
            command=producer and producer.command,
            records=list(source.records),
            parameters=list(source.parameters),
        )
        self._entering_lines[key] = _entering_line()
        if optional:
            self._optional.add(key)

    def _may_be(self, key: str) -> bool:
        return self._names is None or may_be(key, self._names)

    def _linked(self, key: str, symbol: str) -> Latex:
        entry = self.entries[key]
        self.printed.add(key)
        shown = escape(entry.text) if isinstance(entry.value, str) else tex(entry.text)
        return Latex(rf"\traced{{{anchor(key)}}}{{{shown}{symbol}}}")


def anchor(key: str) -> str:
    """A key as a link target: TeX gives the underscore a meaning."""
    return key.replace("_", "-")


def _entering_line() -> str:
    """File and line, from the project's root, of the code outside this file that is entering a number.

    The stack alone knows it: handing lines in would burden every ``add`` for the sake of one message.
    """
    for frame, line in traceback.walk_stack(inspect.currentframe()):
        file = Path(frame.f_code.co_filename)
        if file != Path(__file__):
            return f"{file.relative_to(ROOT) if file.is_relative_to(ROOT) else file}:{line}"
    raise AssertionError("a number is entered by code outside this file")
