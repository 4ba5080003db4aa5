"""Whether the study's intervals cover and its tests err as often as they say, on simulated answers of known accuracy.

``python -m tools.benchmarks.coverage``: about three minutes; needs no results. An answer is right when the sum of
four normal terms is positive: the seed's skill, the example's ease (shared by all runs), the example's ease for the
configuration, and noise of the single answer. The shares of the last three are about those of the default study,
where two seeds agree on 92 to 99 % of the examples.
"""

import json
from itertools import combinations, product
from pathlib import Path

import numpy as np
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from tabulate import tabulate

from stages.analysis.intervals import accuracy_intervals
from stages.analysis.paired_tests import paired_intervals, paired_tests
from stages.analysis.resampling import bootstrap_means
from stages.analysis.statistics import CONFIDENCE, LEVEL, TAILS
from stages.core.errors import run_stage
from stages.core.files import write_text

REPORT = Path("metrics/bench/coverage.json")
DRAWS = 1000
RANDOM_SEED = 1
ACCURACY = 0.87
SHARED, OWN = 0.85, 0.10  # of the variance of the example's ease and the answer's noise; the rest is noise
ARCHITECTURES, CONFIGURATIONS, HEADLINE = 3, 10, 7  # the default grid
PAIRS = [*combinations(range(HEADLINE), 2), (0, 7), (3, 8), (5, 9)]  # headline, then learning rate alone
SPREADS = {  # between-seed standard deviations of the configurations, by their name in percentage points
    "0": [0.0],
    "0.5": [0.005],
    "0.1, two of ten 1.5": [0.015] + [0.001] * 6 + [0.015, 0.001, 0.001],  # full fine-tuning varies most in the study
}
PIGEONHOLE_RESAMPLES = 1000


def main() -> None:
    """Print and write coverage by setting and family-wise error by setting."""
    expected = product((2, 5), (500, 2000), (0.0, 0.005))  # what the default study is like: seeds, examples, sd
    beyond = product((2, 5), (2000,), (0.01, 0.02))
    errors = [family_wise_error(1, 2000, "0", SPREADS["0"])]  # a single seed has no spread
    for seeds, name in product((2, 5), SPREADS):
        errors.append(family_wise_error(seeds, 2000, name, SPREADS[name]))
    report = {
        "draws": DRAWS,
        "accuracy": ACCURACY,
        "confidence": CONFIDENCE,
        "level": LEVEL,
        "coverage": [coverage(*setting) for setting in expected],
        "coverage_beyond": [coverage(*setting) for setting in beyond],
        "family_wise_error": errors,
    }
    write_text(REPORT, json.dumps(report, indent=2) + "\n")
    print(table(report))


def simulate(generator: np.random.Generator, seeds: int, examples: int, sds: list[float], shared: bool) -> np.ndarray:
    """Answers right or wrong (configurations, examples, seeds), each configuration's expected accuracy ``ACCURACY``.

    Args:
        sds: between-seed standard deviation of each configuration's accuracy, a fraction.
        shared: whether the configurations answer the same examples; otherwise they are separate draws.
    """
    quantile = stats.norm.ppf(ACCURACY)
    skill_sd = np.asarray(sds, dtype=np.float32)[:, None, None] / np.float32(stats.norm.pdf(quantile))
    skill = quantile * np.sqrt(1 + skill_sd**2) + skill_sd * _normal(generator, 1, len(sds), 1, seeds)
    ease = _normal(generator, SHARED, 1 if shared else len(sds), examples, 1)
    own = _normal(generator, OWN, len(sds), examples, 1)
    noise = _normal(generator, 1 - SHARED - OWN, len(sds), examples, seeds)
    return skill.astype(np.float32) + ease + own + noise > 0


def _normal(generator: np.random.Generator, variance: float, *shape: int) -> np.ndarray:
    return np.float32(variance**0.5) * generator.standard_normal(shape, dtype=np.float32)


def coverage(seeds: int, examples: int, sd: float) -> dict[str, float]:
    """Share of draws whose intervals hold the truth: the study's, and what it would be by simpler means.

    The difference is that of two configurations of equal expected accuracy, the only two of their architecture.
    """
    generator = np.random.default_rng(RANDOM_SEED)
    correct = simulate(generator, seeds, examples, [sd] * DRAWS, shared=False)
    resampled = bootstrap_means(correct.sum(axis=2).T) / seeds
    covered = {
        "study": accuracy_intervals(correct, resampled),
        "examples_alone": np.quantile(resampled, TAILS, axis=0),
        "pigeonhole": pigeonhole(correct, generator),
    }
    shares = {name: float(((low <= ACCURACY) & (high >= ACCURACY)).mean()) for name, (low, high) in covered.items()}
    return {
        "seeds": seeds,
        "examples": examples,
        "seed_sd_pp": 100 * sd,
        **shares,
        "study_difference": difference_coverage(generator, seeds, examples, sd),
        "median_half_width_pp": float(50 * np.median(covered["study"][1] - covered["study"][0])),
    }


def pigeonhole(correct: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Percentile intervals of the naive bootstrap: examples and seeds each resampled, all else left alone."""
    draws, examples, seeds = correct.shape
    columns = correct.transpose(1, 0, 2).reshape(examples, draws * seeds)
    means = bootstrap_means(columns, PIGEONHOLE_RESAMPLES).reshape(-1, draws, seeds)
    weights = generator.multinomial(seeds, [1 / seeds] * seeds, size=len(means)) / seeds
    return np.quantile(np.einsum("bds,bs->bd", means, weights), TAILS, axis=0)


def difference_coverage(generator: np.random.Generator, seeds: int, examples: int, sd: float) -> float:
    """Share of draws in which the interval of a difference that is zero in expectation holds zero."""
    draws = [simulate(generator, seeds, examples, [sd] * 2, shared=True) for _ in range(DRAWS)]
    resampled = bootstrap_means(np.concatenate([draw.sum(axis=2) for draw in draws]).T) / seeds
    covered = []
    for index, draw in enumerate(draws):
        low, high = paired_intervals(draw, [(0, 1)], resampled[:, 2 * index : 2 * index + 2])
        covered.append(low[0] <= 0 <= high[0])
    return float(np.mean(covered))


def family_wise_error(
    seeds: int, examples: int, name: str, sds: list[float], draws: int = DRAWS
) -> dict[str, float | str]:
    """Share of simulated studies, all configurations equal in expectation, with a pair called distinguishable.

    ``seeds_as_fixed`` is the same with the seed component left out, as in McNemar's test with clusters alone.
    """
    generator = np.random.default_rng(RANDOM_SEED)
    sds = sds * (CONFIGURATIONS // len(sds))
    errors = {"study": 0, "seeds_as_fixed": 0}
    for _ in range(draws):
        answers = [simulate(generator, seeds, examples, sds, shared=True) for _ in range(ARCHITECTURES)]
        p = np.concatenate([paired_tests(correct, PAIRS)["p"] for correct in answers])
        fixed = np.concatenate([clustered_mcnemar(correct) for correct in answers])
        for key, values in (("study", p), ("seeds_as_fixed", fixed)):
            any_rejected = values.min() * len(values) <= LEVEL  # Holm's first step decides it
            errors[key] += bool(any_rejected)
    low, high = proportion_confint(errors["study"], draws, method="wilson")
    return {
        "seeds": seeds,
        "examples": examples,
        "seed_sd_pp": name,
        "pairs": ARCHITECTURES * len(PAIRS),
        **{key: float(count / draws) for key, count in errors.items()},
        "study_low": float(low),
        "study_high": float(high),
    }


def clustered_mcnemar(correct: np.ndarray) -> np.ndarray:
    """p of Durkalski's statistic for every pair."""
    right, (first, second) = correct.sum(axis=2), np.transpose(PAIRS)
    gains = right[second] - right[first]
    return stats.chi2.sf(gains.sum(axis=1) ** 2 / np.maximum((gains**2).sum(axis=1), 1), 1)


def table(report: dict) -> str:
    """Percent, and percentage points for standard deviations and half-widths."""
    rows = []
    for row in report["coverage"] + report["coverage_beyond"]:
        shares = [100 * row[name] for name in ("study", "examples_alone", "pigeonhole", "study_difference")]
        rows.append([row["seeds"], row["examples"], row["seed_sd_pp"], *shares, row["median_half_width_pp"]])
    headers = ["seeds", "examples", "seed sd (pp)", "coverage (%)", "examples alone", "pigeonhole", "difference"]
    formats = (".0f", ".0f", ".1f", *[".1f"] * 4, ".2f")
    covered = tabulate(rows, headers=[*headers, "half-width (pp)"], floatfmt=formats)
    rows = []
    for row in report["family_wise_error"]:
        shares = [100 * row[name] for name in ("study", "study_low", "study_high", "seeds_as_fixed")]
        rows.append([row["seeds"], row["seed_sd_pp"], *shares])
    headers = ["seeds", "seed sd (pp)", "family-wise error (%)", "from", "to", "seeds as fixed"]
    return covered + "\n\n" + tabulate(rows, headers=headers, floatfmt=".1f", disable_numparse=[1])


if __name__ == "__main__":
    run_stage(main)
