"""What seeds add to the variance of mean accuracies, and on how many degrees of freedom that is known.

``correct`` is always a boolean array (configurations, examples, seeds): a run's answer to an example is right. The
model is the two-way layout of the multi-reader studies of diagnostic imaging (Obuchowski and Rockette 1995,
Communications in Statistics - Simulation and Computation 24(2)), seeds in place of readers and examples in place of
cases: a run's accuracy varies because another test split would have been easier or harder (examples), because another
seed would have trained a better or worse model (seeds), and because seeds disagree on single examples (interaction).
All seeds answer the same examples; each configuration has runs, and so a seed variance, of its own.

A handful of seeds says little of a variance, and two often agree by luck. Configurations of one kind, which are of one
method and all at the base or all at the probe rate, therefore lend each other theirs: a configuration has its own mean
square or the mean over its kind on all architectures, whichever is larger. (Of two variance estimates where one is
uncertain, the larger guards against chance: Angrist and Pischke 2009, Mostly Harmless Econometrics, Section 8.1.) Full
fine-tuning, which varies most, so lends adapters nothing, and runs at a rate twice as high lend nothing to the others.

Assumed: examples are independent draws, seeds are independent draws whose effects are about normal, and the seed
effects of two configurations are not negatively correlated; where a seed moves two configurations alike (LoRA and its
quantised twin), tests of the pair are conservative.

It does not hold where one configuration varies much more than its kind: its seeds may agree by luck, and what its kind
lends is too little. A kind of a single configuration lends nothing, so with two seeds it is compared on one degree of
freedom. ``tools/benchmarks/coverage.py`` measures both (``metrics/bench/coverage.json``).
"""

from typing import NamedTuple

import numpy as np

from stages.analysis.answers import Answers, Names
from stages.study.grid import StudySettings

Kinds = dict[str, list[tuple[str, str]]]  # by architecture, of each configuration: its method, "base" or "probe"


class SeedVariance(NamedTuple):
    """Of each configuration's mean accuracy; arrays (configurations,), variances of fractions. Zeros with one seed.

    ``mean_square`` is what the means of as many seeds would vary by on these very examples; ``interaction`` is the part
    of it that their disagreement on single examples predicts, which the sampling variance of examples already has.
    """

    mean_square: np.ndarray  # at least ``interaction``
    interaction: np.ndarray
    degrees: np.ndarray  # of freedom of ``mean_square``, at least seeds - 1

    @property
    def component(self) -> np.ndarray:
        """What is added to the sampling variance of a mean over seeds."""
        return self.mean_square - self.interaction


def kinds_of(study: StudySettings, names: Names) -> Kinds:
    """Which configurations are of a kind."""
    kinds = {}
    for architecture, configurations in names.items():
        of_architecture = [study.configurations[name] for name in configurations]
        kinds[architecture] = [(configuration.method, configuration.lr) for configuration in of_architecture]
    return kinds


def seed_variances(answers: Answers, kinds: Kinds) -> dict[str, SeedVariance]:
    """By architecture, with mean squares pooled within kinds over all architectures."""
    own = {architecture: mean_squares(correct) for architecture, correct in answers.items()}
    by_kind: dict[tuple[str, str], list[float]] = {}
    for architecture, (mean_square, _) in own.items():
        for kind, value in zip(kinds[architecture], mean_square, strict=True):
            by_kind.setdefault(kind, []).append(value)
    variances = {}
    for architecture, (mean_square, interaction) in own.items():
        pooled = np.array([np.mean(by_kind[kind]) for kind in kinds[architecture]])
        members = np.array([len(by_kind[kind]) for kind in kinds[architecture]])
        largest = np.maximum(np.maximum(mean_square, pooled), interaction)
        degrees = members * (answers[architecture].shape[2] - 1)
        variances[architecture] = SeedVariance(largest, interaction, degrees)
    return variances


def mean_squares(correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each configuration's ``mean_square`` by itself, and ``interaction``: unbiased, by the method of moments."""
    configurations, examples, seeds = correct.shape
    if seeds == 1:
        return np.zeros(configurations), np.zeros(configurations)
    right = correct.sum(axis=2)
    between = correct.mean(axis=1).var(axis=1, ddof=1)
    within = (right - right**2 / seeds).sum(axis=1)
    interaction = (within - examples * (seeds - 1) * between) / ((examples - 1) * (seeds - 1))
    return between / seeds, interaction / examples / seeds


def degrees_of_difference(first: SeedVariance, second: SeedVariance, examples: int) -> np.ndarray:
    """Degrees of freedom of a difference of two means: those of the seeds alone, as Obuchowski and Rockette have them.

    After Satterthwaite (1946, Biometrics Bulletin 2(6)) for the sum of both mean squares. To count the sampling
    variance too, as Hillis (2007, Statistics in Medicine 26(3)) does, gives more, and most where seeds agree by luck:
    a family of tests picks such pairs out. Never below seeds - 1, nor above examples - 1, which it is with one seed.
    """
    total = (first.mean_square + second.mean_square) ** 2
    spread = first.mean_square**2 / np.maximum(first.degrees, 1) + second.mean_square**2 / np.maximum(second.degrees, 1)
    return _bounded(total, spread, examples)


def degrees_of_mean(seed: SeedVariance, sampling: np.ndarray, examples: int) -> np.ndarray:
    """Degrees of freedom of a mean, after Hillis (2007): Satterthwaite's, for seeds and examples together.

    Args:
        sampling: variance of the mean over examples, which has the interaction in it.
    """
    shared = np.maximum(sampling - seed.interaction, 0)
    total = (seed.mean_square + shared) ** 2
    return _bounded(total, seed.mean_square**2 / np.maximum(seed.degrees, 1) + shared**2 / (examples - 1), examples)


def _bounded(total: np.ndarray, spread: np.ndarray, examples: int) -> np.ndarray:
    most = np.full_like(total, examples - 1)
    return np.minimum(np.divide(total, spread, out=most.copy(), where=spread > 0), most)
