"""The ledger of the paper's numbers: what is printed, what it was before rounding, and where it comes from."""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from stages.core.errors import InputError
from stages.core.files import write_text
from stages.core.types import Strict
from stages.report.numbers.latex import Latex, escape, named
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import COUNT, SYMBOLS, Format, rate_text, tex, text

NOT_MEASURED = Latex("--")


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


class Source(NamedTuple):
    """Where a number is read: a file, a key in it, and the records behind that."""

    source: Path | str
    key: str
    records: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


class Ledger:
    """Every number of the paper by key. Printing one returns LaTeX, linked to its entry, and notes that it was used.

    A number entered as ``optional`` need not be printed: some sentences are chosen by the data.
    """

    def __init__(self, pipeline: Producers) -> None:
        self.entries: dict[str, Number] = {}
        self.used: set[str] = set()
        self._optional: set[str] = set()
        self._entered: dict[str, str] = {}  # key -> the line of code that entered it
        self.holes: set[str] = set()  # <architecture>.<configuration> of cells without a run: their numbers are dashes
        self._pipeline = pipeline

    def add(self, key: str, value: float | str | None, unit: Format, origin: Source, *, optional: bool = False) -> None:
        """Enter a number; None and NaN (not measured, not defined) stay out, so ``has(key)`` is False.

        A string is printed as it is: a version, a commit, an identifier.
        """
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return
        printed = value if isinstance(value, str) else text(value, unit)
        value = value.item() if isinstance(value, np.generic) else value
        self._enter(key, value, printed, unit.symbol, origin, optional)

    def add_rate(self, key: str, value: float, origin: Source, *, optional: bool = False) -> None:
        """Enter a learning rate."""
        self._enter(key, float(value), rate_text(value), "", origin, optional)

    def add_p(self, key: str, value: float, origin: Source, *, optional: bool = False) -> None:
        """Enter a p value; three decimals."""
        printed = "<0.001" if value < 0.001 else f"{value:.3f}"
        self._enter(key, value, printed, "", origin, optional)

    def quoted(self, prefix: str, text: str, origin: Source) -> Latex:
        """Somebody's words as they stand, each numeral in them entered and linked."""
        parts = re.split(r"(\d[\d.,]*)", text)
        for index in range(1, len(parts), 2):
            if not self.has(f"{prefix}.{index}"):
                self.add(f"{prefix}.{index}", parts[index], COUNT, origin, optional=True)
        return Latex(
            "".join(self.number(f"{prefix}.{i}") if i % 2 else named(part) for i, part in enumerate(parts) if part)
        )

    def is_hole(self, key: str) -> bool:
        """Whether a key speaks of a cell without runs, alone or in a comparison."""
        architecture, *names = key.split(".")
        return any(f"{architecture}.{name}" in self.holes for name in names)

    def has(self, key: str) -> bool:
        return key in self.entries

    def number(self, key: str) -> Latex:
        """The number as LaTeX, unit included; a dash for a quantity of a cell whose runs failed.

        Raises:
            KeyError: no such entry.
        """
        if not self.has(key) and self.is_hole(key):
            return NOT_MEASURED
        return self._linked(key, SYMBOLS[self.entries[key].unit])

    def cell(self, key: str) -> Latex:
        """The numeral alone, for a table whose header has the unit; a dash for what was not measured."""
        return self._linked(key, "") if self.has(key) else NOT_MEASURED

    def spread(self, key: str, deviation: str) -> Latex:
        """Mean and deviation, ``90.02 ± 0.18``; a dash stands in for the deviation of a single run, or for both."""
        if not self.has(key):
            return NOT_MEASURED
        return Latex(rf"{self.cell(key)}\,\textpm\,{self.cell(deviation)}")

    def plain(self, key: str) -> str:
        """The numeral alone, for decisions: ``"0.00"`` means equal as printed."""
        return self.entries[key].text

    def unused(self) -> dict[str, str]:
        """Numbers that should have been printed and were not, with the line of code that entered each."""
        return {key: line for key, line in self._entered.items() if key not in self.used | self._optional}

    def write(self, path: Path) -> None:
        """Write the numbers that were printed, in the order entered."""
        entries = {key: number.model_dump() for key, number in self.entries.items() if key in self.used}
        write_text(path, json.dumps(entries, indent=2, ensure_ascii=False) + "\n")

    def note_printed(self, path: Path) -> None:
        """Take in what another stage printed from its own ledger.

        Raises:
            InputError: the stage has not run.
        """
        for key, number in read_numbers(path).items():
            self.entries.setdefault(key, number)  # entered by that stage alone, or by both alike
            self.used.add(key)

    def _enter(self, key: str, value: float | str, printed: str, symbol: str, origin: Source, optional: bool) -> None:
        assert key not in self.entries, f"{key} entered twice"
        producer = self._pipeline.producer(origin.source)
        self._entered[key] = _caller()
        self.entries[key] = Number(
            value=value,
            text=printed,
            unit=symbol,
            source=str(origin.source),
            source_key=origin.key,
            stage=producer and producer.stage,
            command=producer and producer.command,
            records=list(origin.records),
            parameters=list(origin.parameters),
        )
        if optional:
            self._optional.add(key)

    def _linked(self, key: str, symbol: str) -> Latex:
        entry = self.entries[key]
        self.used.add(key)
        shown = escape(entry.text) if isinstance(entry.value, str) else tex(entry.text)
        return Latex(rf"\traced{{{anchor(key)}}}{{{shown}{symbol}}}")


def _caller() -> str:
    """File and line, from the project's root, of the code outside this file that is entering a number."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename == __file__:
        frame = frame.f_back
    file = Path(frame.f_code.co_filename)
    root = Path(__file__).parents[3]
    return f"{file.relative_to(root) if file.is_relative_to(root) else file}:{frame.f_lineno}"


def anchor(key: str) -> str:
    """A key as a link target: TeX gives the underscore a meaning."""
    return key.replace("_", "-")


def read_numbers(path: Path) -> dict[str, Number]:
    """Read a ledger back.

    Raises:
        InputError: the file is missing or invalid.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return {key: Number(**entry) for key, entry in entries.items()}
    except FileNotFoundError as error:
        raise InputError(f"{path}: not found; run `dvc repro paper` first") from error
    except (ValidationError, ValueError) as error:
        raise InputError(f"{path}: not a ledger of numbers; run `dvc repro -f paper`") from error
