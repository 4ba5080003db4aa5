"""Whether intervals cover and tests err as often as they say, on simulated answers of known accuracy.

``python -m tools.benchmarks.coverage``: some minutes on one core. In every scenario (``simulated_studies.py``) all
configurations are of the same expected accuracy: a pair that is called distinguishable is an error, and the interval of
a difference should hold zero.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from tabulate import tabulate

from stages.analysis.intervals import accuracy_intervals
from stages.analysis.paired_tests import Pair, paired_tests
from stages.analysis.seed_variance import SeedVariance, seed_variances
from stages.analysis.statistics import CONFIDENCE, LEVEL
from stages.core.errors import run_stage
from stages.core.files import write_text
from tools.benchmarks.simulated_studies import ACCURACY, Scenario, scenarios, simulate

REPORT = Path("metrics/bench/coverage.json")
DRAWS = 2000
RANDOM_SEED = 1


def main() -> None:
    """Print and write the coverage and the family-wise error of every scenario."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=DRAWS, help=f"simulated studies a scenario ({DRAWS})")
    draws = parser.parse_args().draws
    rows = [measured(scenario, draws) for scenario in scenarios()]
    report = {"draws": draws, "accuracy": ACCURACY, "confidence": CONFIDENCE, "level": LEVEL, "scenarios": rows}
    write_text(REPORT, json.dumps(report, indent=2) + "\n")
    print(table(rows))


def measured(scenario: Scenario, draws: int) -> dict[str, str | float]:
    """Shares of simulated studies, with standard errors of the simulation: names ending in ``_pp`` say what is none."""
    differences, means, errors, widths, degrees = [], [], [], [], []
    for covered, mean_covered, wrong, width, smallest in studies(scenario, draws):
        differences.append(covered)
        means.append(mean_covered)
        errors.append(wrong)
        widths.append(width)
        degrees.append(smallest)
    of_pairs, of_configurations, wrong = np.mean(differences, axis=0), np.mean(means, axis=0), np.mean(errors, axis=0)
    low, high = proportion_confint(wrong[0] * draws, draws, method="wilson")
    return {
        "scenario": scenario.name,
        "nearest": scenario.nearest,
        "seeds": scenario.seeds,
        "examples": scenario.examples,
        "pairs": len(of_pairs),
        "largest_sd_pp": 100 * max(float(sds.max()) for sds in scenario.sds.values()),
        "family_wise_error": wrong[0],
        "family_wise_error_low": low,
        "family_wise_error_high": high,
        "family_wise_error_of_seeds_as_fixed": wrong[1],
        "coverage_of_differences": of_pairs.mean(),
        "coverage_of_differences_error": np.mean(differences, axis=1).std(ddof=1) / draws**0.5,
        "coverage_of_differences_least": of_pairs.min(),
        "coverage_of_means": of_configurations.mean(),
        "coverage_of_means_error": np.mean(means, axis=1).std(ddof=1) / draws**0.5,
        "coverage_of_means_least": of_configurations.min(),
        "half_width_of_differences_pp": 100 * np.median(widths),
        "smallest_degrees_of_freedom": min(degrees),
    }


def studies(scenario: Scenario, draws: int) -> Iterator[tuple[np.ndarray, np.ndarray, list[bool], float, float]]:
    """Of each simulated study: which intervals hold the truth, whether a pair is called distinguishable, and more.

    Returns:
        By pair, whether the interval of the difference holds zero; by configuration, whether that of the mean holds
        the accuracy; whether any pair is distinguishable, and whether it would be with seeds as fixed; the median
        half-width and the smallest degrees of freedom of a difference.
    """
    generator = np.random.default_rng(RANDOM_SEED)
    methods = {key: [method for method, _ in kinds] for key, kinds in scenario.kinds.items()}
    for _ in range(draws):
        answers = {}
        for key, sds in scenario.sds.items():
            answers[key] = simulate(generator, scenario.seeds, scenario.examples, sds, methods[key])
        seeds = seed_variances(answers, scenario.kinds)
        tests, means, fixed = [], [], []
        for key, correct in answers.items():
            tests.append(paired_tests(correct, scenario.pairs[key], seeds[key]))
            means.append(accuracy_intervals(correct, seeds[key]))
            fixed.append(p_of_fixed_seeds(tests[-1], scenario.pairs[key], seeds[key]))
        low, high, p, degrees = (joined(tests, name) for name in ("low", "high", "p", "degrees_of_freedom"))
        yield (
            (low <= 0) & (high >= 0),
            (joined(means, "low") <= ACCURACY) & (joined(means, "high") >= ACCURACY),
            [any_rejected(p), any_rejected(np.concatenate(fixed))],
            float(np.median(high - low) / 2),
            float(degrees.min()),
        )


def joined(tables: list[pd.DataFrame], column: str) -> np.ndarray:
    return np.concatenate([table[column] for table in tables])


def any_rejected(p: np.ndarray) -> bool:
    """By Holm's method, whose first step decides it."""
    return bool(p.min() * len(p) <= LEVEL)


def p_of_fixed_seeds(tests: pd.DataFrame, pairs: list[Pair], seed: SeedVariance) -> np.ndarray:
    """p of every pair as if other seeds would give the same runs: the sampling variance of examples alone."""
    first, second = np.transpose(pairs)
    sampling = tests["standard_error"] ** 2 - seed.component[first] - seed.component[second]
    return 2 * stats.norm.sf(tests["difference"].abs() / np.sqrt(np.maximum(sampling, np.finfo(float).tiny)))


def table(rows: list[dict]) -> str:
    """Percent, with the standard error of the simulation or from the lower to the higher limit of it."""
    lines = []
    for row in rows:
        share = {key: 100 * value for key, value in row.items() if isinstance(value, float)}
        lines.append(
            [
                row["scenario"],
                row["nearest"],
                row["seeds"],
                row["examples"],
                f"{share['family_wise_error']:.1f}",
                f"{share['family_wise_error_low']:.1f}-{share['family_wise_error_high']:.1f}",
                f"{share['family_wise_error_of_seeds_as_fixed']:.0f}",
                *(
                    f"{share[name]:.1f} ± {share[f'{name}_error']:.1f} (least {share[f'{name}_least']:.1f})"
                    for name in ("coverage_of_differences", "coverage_of_means")
                ),
                f"{row['half_width_of_differences_pp']:.2f}",
                f"{row['smallest_degrees_of_freedom']:.1f}",
            ]
        )
    headers = ["scenario", "nearest study", "seeds", "texts", "family-wise error (%)", "from-to", "seeds as fixed"]
    headers += ["differences covered (%)", "means covered (%)", "half-width (pp)", "least df"]
    return tabulate(lines, headers=headers, disable_numparse=True)


if __name__ == "__main__":
    run_stage(main)
