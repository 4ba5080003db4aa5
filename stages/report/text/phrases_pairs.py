"""Pairs of configurations that differ in one choice, in the words of the report's sentences."""

from stages.report.numbers.latex import Latex, listing
from stages.report.text.phrases import Phrases


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
    def differences(self) -> Latex:
        """Of mean accuracy, second minus first: ``+0.42 pp on A, +1.05 pp on B, and -0.10 pp on C``."""
        differences = []
        for architecture in self._compared:
            difference = self._measured("difference", architecture)
            differences.append(Latex(f"{difference} on {self._say.architecture(architecture)}"))
        return listing(differences)

    @property
    def bare_differences(self) -> Latex:
        """The same, architectures unnamed."""
        return self._listed("difference")

    @property
    def seconds_ratios(self) -> Latex:
        return self._listed("seconds_ratio")

    @property
    def memory_ratios(self) -> Latex:
        return self._listed("memory_ratio")

    @property
    def test(self) -> Latex:
        """The end of a sentence: which of the differences a paired test tells from zero."""
        clear = self._distinguishable()
        if not clear:
            subject = "it is not" if len(self._compared) == 1 else "none is"
        elif len(self._compared) == 1:
            subject = "it is"
        elif clear == self._compared:
            subject = "all are"
        elif len(clear) == 1:
            subject = f"that on {listing(self._say.names(clear))} is"
        else:
            subject = f"those on {listing(self._say.names(clear))} are"
        return Latex(f"{subject} distinguishable from zero.")

    @property
    def gains(self) -> list[Latex]:
        """Architectures in which the second has the higher mean accuracy, as printed."""
        return self._say.names(self._gaining())

    @property
    def gains_everywhere(self) -> bool:
        return self._gaining() == self._architectures

    @property
    def saves_no_memory(self) -> bool:
        """Whether the second takes no less memory than the first, as printed, wherever both were measured."""
        ratios = [self._key("memory_ratio", a) for a in self._architectures]
        return all(self._say.printed(key) >= 1 for key in ratios if self._say.has(key))

    def gain(self, architecture: str) -> float | None:
        """What the step from first to second adds to mean accuracy, as printed; None where a side has no run."""
        key = self._key("difference", architecture)
        return self._say.printed(key) if self._say.has(key) else None

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

    def _gaining(self) -> list[str]:
        return [a for a in self._architectures if self._say.sign(self._key("difference", a)) > 0]

    def _distinguishable(self) -> list[str]:
        """Architectures in which the paired test tells the two apart, after Holm's correction."""
        tests = {a: self._say.results.comparison(a, self._first, self._second) for a in self._architectures}
        return [a for a, test in tests.items() if test is not None and test.verdict == "distinguishable"]

    @property
    def _compared(self) -> list[str]:
        """Architectures of which both sides have a run; all of them, with dashes, where there is none."""
        compared = [a for a in self._architectures if self._say.has(self._key("difference", a))]
        return compared or self._architectures

    def _listed(self, quantity: str) -> Latex:
        return listing([self._measured(quantity, a) for a in self._compared])

    def _measured(self, quantity: str, architecture: str) -> Latex:
        return self._say.measured(self._key(quantity, architecture))

    def _key(self, quantity: str, architecture: str) -> str:
        return f"{architecture}.{self._second}.vs.{self._first}.{quantity}"


class Pairs:
    """The pairs of the grid by the choice that they differ in, and the conditions of sentences about each choice."""

    def __init__(self, say: Phrases) -> None:
        study = say.results.study
        adapters = say.results.base_rate_adapters
        self._study, self._architectures = study, list(study.architectures)
        self._say = say
        self.rank = [PairPhrases(say, *pair) for pair in study.pairs("adapter.r", "adapter.lora_alpha")]
        self.placement = [PairPhrases(say, *pair) for pair in study.pairs("target")]
        methods = [PairPhrases(say, *pair) for pair in study.pairs("quantization") if set(pair) <= set(adapters)]
        rates = [PairPhrases(say, *pair) for pair in study.pairs("lr")]
        # a pair of which a side has no run on any architecture has no sentence; its row in the table has dashes
        self.quantised = [pair for pair in methods if pair.is_measured("difference")]
        self.rate = [pair for pair in rates if pair.is_measured("difference")]

    @property
    def rank_or_placement(self) -> bool:
        return bool(self.rank or self.placement)

    @property
    def choices(self) -> list[str]:
        """What some pair of the grid differs in and nothing else."""
        pairs = {"rank": self.rank, "placement": self.placement, "quantisation": self.quantised}
        return [choice for choice, found in (pairs | {"the learning rate": self.rate}).items() if found]

    @property
    def alpha_is_fixed(self) -> bool:
        """Whether pairs of ranks were run, and at the same alpha."""
        alphas = [alpha for alpha in (pair.recorded("alpha") for pair in self.rank) if alpha is not None]
        return bool(alphas) and all(first == second for first, second in alphas)

    @property
    def rank_and_placement(self) -> bool:
        """Whether some architecture has both a step in rank and a step in placement to compare."""
        return bool(self._gains())

    @property
    def placement_gains_more_everywhere(self) -> bool:
        return self._placement_gains_more() == self._architectures

    @property
    def placement_gains_more(self) -> list[Latex]:
        """Architectures in which the step in placement adds more mean accuracy, as printed, than that in rank."""
        return self._say.names(self._placement_gains_more())

    @property
    def quantisation_saves_no_memory(self) -> bool:
        measured = [pair for pair in self.quantised if pair.is_measured("memory_ratio")]
        return bool(measured) and all(pair.saves_no_memory for pair in measured)

    @property
    def every_adapter_gains_from_the_rate(self) -> bool:
        """Whether every adapter that was run at both rates gains from the higher one on every architecture."""
        steps = [pair for pair in self.rate if pair.is_of_adapters()]
        is_raised = self._study.lr < self._study.lr_probe
        return bool(steps) and is_raised and all(pair.gains_everywhere for pair in steps)

    def _placement_gains_more(self) -> list[str]:
        return [architecture for architecture, (rank, placement) in self._gains().items() if placement > rank]

    def _gains(self) -> dict[str, tuple[float, float]]:
        """By architecture, what the first step in rank and the first in placement add; those with both alone."""
        if not self.rank or not self.placement:
            return {}
        gains = {}
        for architecture in self._architectures:
            rank, placement = self.rank[0].gain(architecture), self.placement[0].gain(architecture)
            if rank is not None and placement is not None:
                gains[architecture] = rank, placement
        return gains
