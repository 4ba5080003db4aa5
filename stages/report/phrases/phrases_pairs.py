"""Pairs of configurations that differ in one choice, in the words of the report's sentences."""

import pandas as pd

from stages.analysis.statistics import Statistics
from stages.report.numbers.latex import Latex
from stages.report.numbers.ledger import Source
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_pair import PairPhrases

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
    def rank_or_placement(self) -> bool:
        return bool(self.rank or self.placement)

    @property
    def choices(self) -> list[str]:
        """What some pair of the grid differs in and nothing else."""
        pairs = {"rank": self.rank, "placement": self.placement, "quantisation": self.quantised}
        return [choice for choice, found in (pairs | {"the learning rate": self.rate}).items() if found]

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
