"""Words of the report's sentences that belong to no one subject: names, numbers, singular and plural."""

from collections.abc import Sized

from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, escape
from stages.report.numbers.ledger import NOT_MEASURED, Ledger
from stages.report.numbers.names import KINDS


class Phrases:
    """What the templates call ``say``: names, and words chosen by numbers as printed."""

    def __init__(self, results: Results, ledger: Ledger) -> None:
        self.results, self.ledger = results, ledger
        self.number, self.has = ledger.number, ledger.has

    def architecture(self, name: str) -> Latex:
        return escape(self.results.study.architectures[name].label)

    def configuration(self, name: str) -> Latex:
        return escape(self.results.study.configurations[name].label)

    def names(self, architectures: list[str]) -> list[Latex]:
        return [self.architecture(name) for name in architectures]

    def labels(self, configurations: list[str]) -> list[Latex]:
        return [self.configuration(name) for name in configurations]

    def method_names(self, methods: list[str]) -> list[Latex]:
        return [Latex(KINDS[method]) for method in methods]

    def plural(self, key: str, one: str, several: str) -> str:
        """The word that goes with a number as printed: ``one`` where it is 1."""
        return one if self.ledger.as_printed(key) == "1" else several

    def is_one(self, key: str) -> bool:
        """Whether a number is printed as 1, where a sentence with several would need another one."""
        return self.has(key) and self.ledger.as_printed(key) == "1"

    def plural_of(self, items: Sized, one: str, several: str) -> str:
        """The word that goes with a list."""
        return one if len(items) == 1 else several

    def printed(self, key: str) -> float:
        """The value as printed: what decides a sentence that stands beside the number."""
        return float(self.ledger.as_printed(key).replace(",", ""))

    def measured(self, key: str) -> Latex:
        """The number, or a dash for what was not measured."""
        return self.number(key) if self.has(key) else NOT_MEASURED

    def sign(self, key: str) -> int:
        """Of a number as printed: one that rounds to zero has none, nor has one that is not there."""
        value = self.printed(key) if self.has(key) else 0
        return (value > 0) - (value < 0)

    def print_alike(self, first: str, second: str) -> bool:
        """Whether both numbers are there and are the same as printed."""
        return self.has(first) and self.ledger.as_printed(first) == self.ledger.as_printed(second)

    def range(self, key: str) -> Latex:
        """``0.82 to 1.31``, the least and the greatest; one number where they print alike."""
        least, most = f"{key}_least", f"{key}_most"
        if self.print_alike(least, most):
            return self.number(least)
        return Latex(f"{self.number(least)} to {self.number(most)}")

    def saved(self, key: str, what: str) -> str:
        """Whether adapters save or cost more of something than full fine-tuning, by ratios as printed."""
        least, most = self.printed(f"{key}_least"), self.printed(f"{key}_most")
        if most < 1:
            return f"every adapter saves {what} here"
        if least > 1:
            return f"no adapter saves {what} here"
        if least < 1 < most:
            return f"some adapters save {what} here and others take more"
        if most == 1:
            return f"no adapter takes more {what} here"
        return f"no adapter takes less {what} here"

    @property
    def seeds(self) -> list[Latex]:
        """Each seed of the grid."""
        return [self.number(f"grid.seed.{index}") for index in range(len(self.results.study.seeds))]

    @property
    def seeds_suffice(self) -> bool:
        """Whether runs of so many seeds that do not overlap at all would differ at the level used here."""
        smallest, level = self.ledger.entries["seeds.smallest_p"], self.ledger.entries["statistics.level"]
        return smallest.value < level.value

    @property
    def failed_runs(self) -> Latex:
        """Each failed run with the kind of its failure."""
        runs = []
        for index, run in enumerate(self.results.failed.itertuples()):
            cell = f"{self.configuration(run.configuration)} on {self.architecture(run.architecture)}"
            runs.append(f"{cell}, seed {self.number(f'failed.{index}.seed')} ({escape(run.kind)})")
        return Latex("; ".join(runs))
