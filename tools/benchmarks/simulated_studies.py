"""Studies to simulate, of the sizes and scatter of those in git and of others, and their answers: right or wrong.

All configurations of a scenario have the same expected accuracy. Of a study, "as measured" takes each configuration's
deviation over its few seeds for the truth: with two seeds such deviations scatter by chance from nearly none to twice
the truth, so this is rougher than the study is. "By kind" gives each configuration the root mean square of its kind.
"""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy import stats

from stages.analysis.comparisons import compared
from stages.analysis.kept_study import FOLDER, kept
from stages.analysis.paired_tests import Pair
from stages.analysis.runs import CELL, RUNS, complete_configurations, read_runs
from stages.analysis.seed_variance import Kinds, kinds_of
from stages.analysis.statistics import Statistics
from stages.data.card import Card
from stages.study.grid import StudySettings
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tools.studies.merging import read_study

ACCURACY = 0.87
# Shares of variance that are the configuration's own ease and the answer's noise; the rest is the ease all runs share.
# Two seeds of full fine-tuning so disagree on some 6 % of the texts and two of an adapter on 3 %, as in the study here.
OWN, OWN_OF_OTHERS = {"full": 0.08}, 0.03
NOISE, NOISE_OF_OTHERS = {"full": 0.06}, 0.012
SPREADS = {  # standard deviations of full fine-tuning and of the others, in percentage points
    "full 1.5, others 0.1": (1.5, 0.1),
    "all 0.5": (0.5, 0.5),
    "all 0": (0.0, 0.0),
}


class Scenario(NamedTuple):
    """By architecture, of each configuration in order: its seeds' true standard deviation (a fraction), its kind."""

    name: str
    nearest: str  # the shipped study that it is like; empty: none
    seeds: int
    examples: int
    sds: dict[str, np.ndarray]
    kinds: Kinds
    pairs: dict[str, list[Pair]]


def scenarios() -> Iterator[Scenario]:
    """The study here and the kept ones, then other numbers of seeds and other scatter on the grid of the study here."""
    as_measured, averaged = of_study("")
    yield from (as_measured, averaged)
    for path in sorted(FOLDER.iterdir()):
        yield from of_study(path.name)
    for seeds in (3, 5, 10):
        yield as_measured._replace(name=f"as measured here, {seeds} seeds", nearest="", seeds=seeds)
    for name, spread in SPREADS.items():
        yield averaged._replace(name=name, nearest="", sds=spread_out(averaged.kinds, *spread))
    nothing = spread_out(averaged.kinds, 0, 0)
    yield averaged._replace(name="one seed", nearest="", seeds=1, sds=nothing)


def of_study(name: str) -> tuple[Scenario, Scenario]:
    """A kept study, or without a name the one here: as measured, and by kind."""
    study = resolve_study(read_study(name).params if name else load_params())
    runs = read_runs(kept(name, RUNS) if name else RUNS)
    names = {key: known for key, known in complete_configurations(study, runs).items() if known}
    deviations = runs.groupby(CELL)["test_accuracy"].std()
    label = name or "default"
    as_measured = Scenario(
        name=f"{label}, as measured",
        nearest=label,
        seeds=len(study.seeds),
        examples=Card.read_from(kept(name, Card.path())).splits["test"].rows if name else Statistics.read().examples,
        sds={key: deviations.loc[key].loc[known].to_numpy() for key, known in names.items()},
        kinds=kinds_of(study, names),
        pairs={key: rows_of_pairs(study, known) for key, known in names.items()},
    )
    return as_measured, as_measured._replace(name=f"{label}, by kind", sds=by_kind(as_measured))


def rows_of_pairs(study: StudySettings, names: list[str]) -> list[Pair]:
    """The pairs that are tested, as places among the names."""
    pairs = [pair for pair in compared(study) if set(pair) <= set(names)]
    return [(names.index(first), names.index(second)) for first, second in pairs]


def by_kind(scenario: Scenario) -> dict[str, np.ndarray]:
    """Root mean squares of each kind's deviations, over all architectures."""
    squares: dict[tuple[str, str], list[float]] = {}
    for architecture, sds in scenario.sds.items():
        for kind, sd in zip(scenario.kinds[architecture], sds, strict=True):
            squares.setdefault(kind, []).append(sd**2)
    averaged = {}
    for architecture, kinds in scenario.kinds.items():
        averaged[architecture] = np.sqrt([np.mean(squares[kind]) for kind in kinds])
    return averaged


def spread_out(kinds: Kinds, full: float, others: float) -> dict[str, np.ndarray]:
    """Standard deviations, given in percentage points, of full fine-tuning and of all other methods."""
    spread = {}
    for architecture, of_architecture in kinds.items():
        spread[architecture] = np.array([full if method == "full" else others for method, _ in of_architecture]) / 100
    return spread


def simulate(
    generator: np.random.Generator, seeds: int, examples: int, sds: np.ndarray, methods: list[str]
) -> np.ndarray:
    """Answers right or wrong (configurations, examples, seeds), each configuration's expected accuracy ``ACCURACY``.

    An answer is right when the sum of four normal terms is positive: the seed's skill, the example's ease (shared by
    all runs), the example's ease for the configuration, and noise of the single answer.

    Args:
        sds: between-seed standard deviation of each configuration's accuracy, a fraction.
        methods: of each configuration, which decide how far it agrees with others and its seeds with each other.
    """
    quantile = stats.norm.ppf(ACCURACY)
    skill_sd = np.asarray(sds)[:, None] / stats.norm.pdf(quantile)
    skill = quantile * np.sqrt(1 + skill_sd**2) + skill_sd * generator.standard_normal((len(sds), seeds))
    own = np.array([OWN.get(method, OWN_OF_OTHERS) for method in methods])
    noise = np.array([NOISE.get(method, NOISE_OF_OTHERS) for method in methods])
    shared = np.sqrt(1 - own - noise).astype(np.float32)[:, None] * normal_rows(generator, np.ones(1), examples)
    ease = shared + normal_rows(generator, own, examples)
    correct = np.empty((seeds, len(sds), examples), dtype=bool)  # seed by seed: sums over seeds are then fast
    for seed in range(seeds):
        correct[seed] = ease + normal_rows(generator, noise, examples) > -skill[:, [seed]].astype(np.float32)
    return np.moveaxis(correct, 0, 2)


def normal_rows(generator: np.random.Generator, variances: np.ndarray, columns: int) -> np.ndarray:
    """A row of normal numbers in single precision for each variance: (variances, columns).

    From random places of a pool, which is faster than new ones. Where two rows overlap they are shifted against each
    other, so that no example has a number twice.
    """
    pool = pool_of_normals()
    places = generator.integers(len(pool) - columns, size=len(variances))
    rows = np.empty((len(variances), columns), dtype=np.float32)
    for row, (place, variance) in enumerate(zip(places, variances, strict=True)):
        np.multiply(pool[place : place + columns], np.float32(variance**0.5), out=rows[row])
    return rows


@cache
def pool_of_normals() -> np.ndarray:
    return np.random.default_rng(0).standard_normal(2**24, dtype=np.float32)
