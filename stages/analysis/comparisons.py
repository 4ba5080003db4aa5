"""Comparisons of ``metrics/statistics.json``: which pairs are tested, and the tests as one family."""

from itertools import combinations

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from stages.analysis.answers import Answers, Names, sampled_over
from stages.analysis.paired_tests import paired_tests
from stages.analysis.seed_variance import SeedVariance
from stages.analysis.statistics import LEVEL, Comparison, Interval, Over
from stages.study.grid import StudySettings


def compared(study: StudySettings) -> list[tuple[str, str]]:
    """Pairs of the headline grid, then pairs that differ in the learning rate alone and are not among them.

    Of a large grid, not all pairs are tested, for each test costs all others power: the reference with every other
    configuration, and pairs that differ in one choice.
    """
    headline = study.headline
    probes = [pair for pair in study.pairs("lr") if not set(pair) <= set(headline)]
    if study.compares_all_pairs:
        return [*combinations(headline, 2), *probes]
    reference = study.reference if study.reference in headline else None
    against = [(reference, name) for name in headline if name != reference] if reference else []
    of_one_choice = [pair for pair in study.pairs_of_one_choice() if set(pair) <= set(headline)]
    chosen = [pair for pair in of_one_choice if reference not in pair]
    return [*against, *chosen, *probes]


def comparisons(
    study: StudySettings, names: Names, answers: Answers, seeds: dict[str, SeedVariance]
) -> list[Comparison]:
    """All pairs of all architectures as one family (Holm 1979, Scandinavian Journal of Statistics 6(2)).

    Intervals and ``p`` are each pair's own; ``p_holm`` and ``verdict`` are the family's.
    """
    tested = []
    for architecture, correct in answers.items():
        configurations = names[architecture]
        pairs = [pair for pair in compared(study) if set(pair) <= set(configurations)]
        if pairs:
            table = _tested(pairs, configurations, correct, seeds[architecture])
            tested.append(table.assign(architecture=architecture))
    if not tested:
        return []
    family = pd.concat(tested, ignore_index=True)
    rejected, p_holm, *_ = multipletests(family["p"], alpha=LEVEL, method="holm")
    family = family.assign(p_holm=p_holm, verdict=np.where(rejected, "distinguishable", "not distinguishable"))
    rate_pairs = [set(pair) for pair in study.pairs("lr")]
    return [_comparison(row, rate_pairs, sampled_over(answers)) for row in family.to_dict("records")]


def _tested(
    pairs: list[tuple[str, str]], configurations: list[str], correct: np.ndarray, seed: SeedVariance
) -> pd.DataFrame:
    """Columns of ``paired_tests`` with the names ``first`` and ``second``."""
    rows = [(configurations.index(first), configurations.index(second)) for first, second in pairs]
    first, second = zip(*pairs, strict=True)
    return paired_tests(correct, rows, seed).assign(first=first, second=second)


def _comparison(row: dict, rate_pairs: list[set[str]], over: Over) -> Comparison:
    interval = Interval(low=row.pop("low"), high=row.pop("high"), over=over)
    return Comparison(**row, interval=interval, learning_rate_only={row["first"], row["second"]} in rate_pairs)
