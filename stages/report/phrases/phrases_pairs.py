"""Pairs of configurations that differ in one choice, in the words of the report's sentences."""

import pandas as pd

from stages.analysis.statistics import Comparison, Statistics
from stages.report.numbers.latex import Latex, listing
from stages.report.numbers.ledger import Source
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_pair import PairPhrases

LISTED = 6  # steps that a sentence names; of more it says how many
MOST_IN_TURN = 4  # pairs that differ in one choice and have a sentence each


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
        self.quantised = [pair for pair in methods if pair.is_measured("difference") and pair.starts_unquantised]
        self.rate = [pair for pair in rates if pair.is_measured("difference")]

    @property
    def choices(self) -> list[str]:
        """What some pair of the grid differs in and nothing else."""
        return [choice for choice, pairs in self._by_choice.items() if pairs]

    @property
    def by_choice(self) -> list[tuple[str, list[PairPhrases]]]:
        """Choices of which few pairs differ in each, with these."""
        return [
            (_headed(choice), self.in_turn(pairs)) for choice, pairs in self._by_choice.items() if self.in_turn(pairs)
        ]

    @property
    def in_sums(self) -> list[Latex]:
        """A sentence on each choice that more than a few pairs differ in."""
        return [sentence for choice, pairs in self._by_choice.items() for sentence in self.in_sum(pairs, choice)]

    @property
    def were_tested(self) -> bool:
        """Some of them."""
        return bool(self._tests())

    @property
    def clear_of_tested(self) -> Latex:
        """``3 of 21``: how many steps in one choice the tests tell from none, over all architectures."""
        clear = self._counted("distinguishable", len(self._clear())) if self._clear() else "none"
        return Latex(f"{clear} of {self._counted('tested', len(self._tests()))}")

    @property
    def are_clear(self) -> str:
        """The verb behind ``clear_of_tested``."""
        return "is" if len(self._clear()) == 1 else "are"

    @property
    def verdict(self) -> Latex:
        """Which steps the tests tell from none, by name where they are few; empty where no test was made."""
        tests, clear = self._tests(), self._clear()
        if not tests:
            return Latex("")
        if len(tests) == 1:
            return Latex(f"The test {'tells' if clear else 'does not tell'} it from zero.")
        if not clear:
            return Latex("None of these changes is distinguishable from zero.")
        named = ""
        if len(clear) <= LISTED:
            named = f": {listing([self._named(test, pair) for test, pair in clear])}"
        return Latex(f"Of these changes, {self.clear_of_tested} {self.are_clear} distinguishable from zero{named}.")

    def in_turn(self, pairs: list[PairPhrases]) -> list[PairPhrases]:
        """Pairs that have a sentence each; none where there are more than a few."""
        return pairs if len(pairs) <= MOST_IN_TURN else []

    def in_sum(self, pairs: list[PairPhrases], choice: str) -> list[Latex]:
        """The sentence on more than a few pairs that differ in a choice; none on a few, or where no test was made.

        ``Of 12 pairs that differ in rank alone, the tests tell 3 apart; the largest difference of mean accuracy ...``
        """
        tests = [(test, pair) for pair in pairs for test in pair.tests()]
        if len(pairs) <= MOST_IN_TURN or not tests:
            return []
        clear = [test for test, _ in tests if test.verdict == "distinguishable"]
        largest, steepest = max(tests, key=lambda tested: abs(tested[0].difference))
        family = f"comparisons that differ in {choice} alone"
        count = self._say.counted(f"pairs.{choice}.tested", len(tests), Source(Statistics.path(), family))
        told = Source(Statistics.path(), f"{family} and are distinguishable")
        number = self._say.counted(f"pairs.{choice}.distinguishable", len(clear), told)
        difference = steepest.difference(largest.architecture)
        where = "" if len(self._architectures) == 1 else f" on {self._say.architecture(largest.architecture)}"
        sentence = (
            f"Of {count} pairs that differ in {choice} alone, the tests tell {number} apart; the largest difference of "
            f"mean accuracy is {difference}, of {steepest.second} against {steepest.first}{where}."
        )
        return [Latex(sentence)]

    @property
    def alpha_is_fixed(self) -> bool:
        """Whether pairs of ranks were run, and at the same alpha."""
        alphas = [alpha for alpha in (pair.recorded("alpha") for pair in self.rank) if alpha is not None]
        alphas = [pair for pair in alphas if not pd.isna(pair[0])]  # a kind of adapter without one
        return bool(alphas) and all(first == second for first, second in alphas)

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

    @property
    def _by_choice(self) -> dict[str, list[PairPhrases]]:
        pairs = {"rank": self.rank, "placement": self.placement, "quantisation": self.quantised}
        return pairs | {"the learning rate": self.rate}

    def _tests(self) -> list[tuple[Comparison, PairPhrases]]:
        return [(test, pair) for pairs in self._by_choice.values() for pair in pairs for test in pair.tests()]

    def _clear(self) -> list[tuple[Comparison, PairPhrases]]:
        return [(test, pair) for test, pair in self._tests() if test.verdict == "distinguishable"]

    def _counted(self, which: str, count: int) -> Latex:
        source = Source(Statistics.path(), f"comparisons that differ in one choice alone: {which}")
        return self._say.counted(f"pairs.one choice.{which}", count, source)

    def _named(self, test: Comparison, pair: PairPhrases) -> Latex:
        where = "" if len(self._architectures) == 1 else f" on {self._say.architecture(test.architecture)}"
        return Latex(f"{pair.first} to {pair.second}{where}")


def _headed(choice: str) -> str:
    """At the beginning of a line."""
    return choice.removeprefix("the ").capitalize()
