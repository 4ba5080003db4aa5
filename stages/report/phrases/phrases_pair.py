"""Two configurations that differ in one choice, in the words of the report's sentences."""

from stages.analysis.statistics import Comparison
from stages.report.numbers.latex import Latex, listing
from stages.report.phrases.phrases import Phrases

BASES = {"nf4": "four-bit base", "fp4": "four-bit base", "int8": "eight-bit base"}


class PairPhrases:
    """Two configurations that differ in one choice, compared on every architecture."""

    def __init__(self, say: Phrases, first: str, second: str) -> None:
        self._say, self._first, self._second = say, first, second
        self._architectures = list(say.results.study.architectures)

    @property
    def first(self) -> Latex:
        return self._say.configuration(self._first)

    @property
    def second(self) -> Latex:
        return self._say.configuration(self._second)

    @property
    def starts_unquantised(self) -> bool:
        return self._choice("quantization")[0] == "none"

    @property
    def quantised_base(self) -> str:
        return BASES[self._choice("quantization")[1]]

    @property
    def differs_in_optimizer(self) -> bool:
        optimizers = self.recorded("optimizer")
        return optimizers is None or optimizers[0] != optimizers[1]

    @property
    def changes(self) -> Latex:
        """Of mean accuracy, second minus first, least to greatest; by architecture where some lacks a run."""
        if self._compared == self._architectures:
            return self._span("difference")
        named = [f"{self._measured('difference', a)} on {self._say.architecture(a)}" for a in self._compared]
        return listing([Latex(each) for each in named])

    @property
    def seconds_ratios(self) -> Latex:
        return self._span("seconds_ratio")

    @property
    def memory_ratios(self) -> Latex:
        return self._span("memory_ratio")

    @property
    def gains_everywhere(self) -> bool:
        return self._gaining() == self._architectures

    @property
    def saves_no_memory(self) -> bool:
        """Whether the second takes no less memory than the first, as printed, wherever both were measured."""
        ratios = [self._key("memory_ratio", a) for a in self._architectures]
        return all(self._say.printed(key) >= 1 for key in ratios if self._say.has(key))

    def is_measured(self, quantity: str) -> bool:
        return any(self._say.has(self._key(quantity, a)) for a in self._architectures)

    def is_of_adapters(self) -> bool:
        return self._say.results.study.configurations[self._first].method != "full"

    def recorded(self, column: str) -> tuple[object, object] | None:
        """What the first runs of both recorded in a column; None where one has no run."""
        values = self._say.results.runs.drop_duplicates("configuration").set_index("configuration")[column]
        if self._first not in values or self._second not in values:
            return None
        return values[self._first], values[self._second]

    def _choice(self, field: str) -> tuple[str, str]:
        configurations = self._say.results.study.configurations
        return tuple(getattr(configurations[name], field) for name in (self._first, self._second))

    def difference(self, architecture: str) -> Latex:
        """Of mean accuracy, second minus first."""
        return self._measured("difference", architecture)

    def tests(self) -> list[Comparison]:
        """The paired tests of the two, by architecture."""
        tests = [self._say.results.comparison(a, self._first, self._second) for a in self._architectures]
        return [test for test in tests if test is not None]

    def _gaining(self) -> list[str]:
        return [a for a in self._architectures if self._say.sign(self._key("difference", a)) > 0]

    @property
    def _compared(self) -> list[str]:
        """Architectures of which both sides have a run; all where there is none, so that a number is missing."""
        return [a for a in self._architectures if self._say.has(self._key("difference", a))] or self._architectures

    def _span(self, quantity: str) -> Latex:
        """``-0.31 pp to +0.33 pp``: over architectures; one number where all print alike."""
        by_value = sorted(self._compared, key=lambda a: self._say.printed(self._key(quantity, a)))
        least, greatest = by_value[0], by_value[-1]
        if self._say.print_alike(self._key(quantity, least), self._key(quantity, greatest)):
            return self._measured(quantity, least)
        return Latex(f"{self._measured(quantity, least)} to {self._measured(quantity, greatest)}")

    def _measured(self, quantity: str, architecture: str) -> Latex:
        return self._say.number(self._key(quantity, architecture))

    def _key(self, quantity: str, architecture: str) -> str:
        return f"{architecture}.{self._second}.vs.{self._first}.{quantity}"
