"""statistics: test predictions and metrics/runs.csv -> metrics/statistics.json.

Intervals for accuracies, paired tests with Holm's correction, probabilities of being on the Pareto frontiers,
calibration, and what this number of seeds cannot show.
"""

from itertools import combinations

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests

from stages.lib import inference
from stages.lib.cells import STUDY, Cell, read_settings
from stages.lib.errors import InputError, run_stage
from stages.lib.jsonfile import write_json
from stages.lib.runs import CELL, complete, pairs, read_runs, summarise
from stages.lib.settings import StudySettings
from stages.lib.statistics import (
    LEVEL,
    STATISTICS,
    Accuracy,
    Among,
    Comparison,
    Frontier,
    Interval,
    Over,
    Statistics,
    calibration,
    frontier_probability,
    limits,
    pareto_frontier,
)

COLUMNS = ["label", "prediction", "probability_negative", "probability_positive"]
COSTS = {"peak_memory": "peak_memory_bytes_mean", "train_seconds": "train_seconds_mean"}

# Mappings by architecture run through this file: the configurations that have a run of every seed (a failed run leaves
# its configuration out there, for all of this takes the seeds together), in the order of the settings, and theirs:
Names = dict[str, list[str]]
Answers = dict[str, np.ndarray]  # right or wrong (configurations, examples, seeds)
Resampled = dict[str, np.ndarray]  # mean accuracies (resamples, configurations), the same examples for all


def main() -> None:
    """Write the statistics of the current grid."""
    study, runs = read_settings(StudySettings, STUDY), read_runs()
    predictions = read_predictions(study, runs)
    names = {architecture: whole for architecture, whole in complete(study, runs).items() if whole}
    answers = right_answers(study, names, predictions)
    resampled = resample(answers)
    found = comparisons(study, names, answers, resampled)
    write_json(
        Statistics(
            examples=next(iter(answers.values())).shape[1],
            seeds=study.seeds,
            confidence=inference.CONFIDENCE,
            level=LEVEL,
            resamples=inference.RESAMPLES,
            random_seed=inference.RANDOM_SEED,
            accuracy=accuracies(names, answers, resampled),
            comparisons=found,
            frontiers=frontiers(study, names, summarise(runs), answers, resampled),
            calibration=[calibration(cell, frame) for cell, frame in predictions],
            limits=limits(len(study.seeds)),
        ),
        STATISTICS,
    )
    clear = sum(entry.verdict == "distinguishable" for entry in found)
    print(f"{clear} of {len(found)} pairs distinguishable at {LEVEL} after Holm's correction: {STATISTICS}")


def read_predictions(study: StudySettings, runs: pd.DataFrame) -> list[tuple[Cell, pd.DataFrame]]:
    """Each run of the table with its test predictions, in grid order.

    Raises:
        InputError: the first file that is missing, lacks a column, or has other labels than the first cell's.
    """
    found: list[tuple[Cell, pd.DataFrame]] = []
    made = set(runs[[*CELL, "seed"]].itertuples(index=False, name=None))
    for cell in study.cells:
        if (cell.architecture, cell.configuration, cell.seed) not in made:
            continue
        path, stage = cell.model_path / "predictions.parquet", cell.stage
        if not path.exists():
            raise InputError(f"{path}: no predictions of this run; `dvc repro {stage}` makes them")
        frame = pd.read_parquet(path)
        missing = [name for name in COLUMNS if name not in frame]
        if missing:
            raise InputError(f"{path}: no column {', '.join(missing)}; `dvc repro -f {stage}`")
        if found and not np.array_equal(frame["label"], found[0][1]["label"]):
            first = found[0][0].model_path / path.name
            raise InputError(f"{path}: labels are not those of {first}: another test split; `dvc repro -f {stage}`")
        found.append((cell, frame))
    return found


def right_answers(study: StudySettings, names: Names, predictions: list[tuple[Cell, pd.DataFrame]]) -> Answers:
    """Whether each run's prediction of each test example is its label, for the cells in ``names``."""
    right = {
        (cell.architecture, cell.configuration, cell.seed): (frame["label"] == frame["prediction"]).to_numpy()
        for cell, frame in predictions
    }
    return {
        architecture: np.stack(
            [
                np.stack([right[architecture, name, seed] for seed in study.seeds], axis=1)
                for name in names[architecture]
            ]
        )
        for architecture in names
    }


def resample(answers: Answers) -> Resampled:
    """Bootstrap means over examples, the same examples for every column of every architecture."""
    right = np.concatenate([correct.sum(axis=2) for correct in answers.values()])
    means = inference.bootstrap_means(right.T) / _seeds(answers)
    ends = np.cumsum([len(correct) for correct in answers.values()])[:-1]
    return dict(zip(answers, np.split(means, ends, axis=1), strict=True))


def accuracies(names: Names, answers: Answers, resampled: Resampled) -> list[Accuracy]:
    """One entry an (architecture, configuration)."""
    entries = []
    for architecture, correct in answers.items():
        intervals = inference.accuracy_intervals(correct, resampled[architecture])
        for name, scores, (low, high) in zip(names[architecture], correct.mean(axis=1), intervals.T, strict=True):
            entries.append(
                Accuracy(
                    architecture=architecture,
                    configuration=name,
                    mean=float(scores.mean()),
                    sd=float(scores.std(ddof=1)) if len(scores) > 1 else None,
                    interval=Interval(low=low, high=high, over=_over(answers)),
                )
            )
    return entries


def compared(study: StudySettings) -> list[tuple[str, str]]:
    """All pairs of the headline grid, then pairs that differ in the learning rate alone and are not among them."""
    headline = _headline(study)
    probes = [pair for pair in pairs(study, "lr") if not set(pair) <= set(headline)]
    return [*combinations(headline, 2), *probes]


def comparisons(study: StudySettings, names: Names, answers: Answers, resampled: Resampled) -> list[Comparison]:
    """All pairs of all architectures as one family (Holm 1979, Scandinavian Journal of Statistics 6(2))."""
    frames = []
    for architecture, correct in answers.items():
        order = names[architecture]
        chosen = [pair for pair in compared(study) if set(pair) <= set(order)]
        if not chosen:
            continue
        rows = [(order.index(first), order.index(second)) for first, second in chosen]
        low, high = inference.paired_intervals(correct, rows, resampled[architecture])
        frame = inference.paired_tests(correct, rows).assign(architecture=architecture, low=low, high=high)
        frames.append(frame.assign(first=[pair[0] for pair in chosen], second=[pair[1] for pair in chosen]))
    if not frames:
        return []
    family = pd.concat(frames, ignore_index=True)
    rejected, p_holm, *_ = multipletests(family["p"], alpha=LEVEL, method="holm")
    family = family.assign(p_holm=p_holm, verdict=np.where(rejected, "distinguishable", "not distinguishable"))
    rates = [set(pair) for pair in pairs(study, "lr")]
    return [_comparison(row, rates, _over(answers)) for row in family.to_dict("records")]


def _comparison(row: dict, rates: list[set[str]], over: Over) -> Comparison:
    interval = Interval(low=row.pop("low"), high=row.pop("high"), over=over)
    return Comparison(**row, interval=interval, learning_rate_only={row["first"], row["second"]} in rates)


def frontiers(
    study: StudySettings, names: Names, cells: pd.DataFrame, answers: Answers, resampled: Resampled
) -> list[Frontier]:
    """Every headline cell of ``names`` on both frontiers, within its architecture and among all.

    Args:
        cells: means over seeds, as ``stages.lib.runs.summarise`` makes them.
    """
    headline = {a: [name for name in _headline(study) if name in names[a]] for a in answers}
    chosen = {a: [names[a].index(name) for name in headline[a]] for a in answers}
    noise = np.random.default_rng(inference.RANDOM_SEED)
    drawn = {a: with_seeds(correct, resampled[a], noise)[:, chosen[a]] for a, correct in answers.items()}
    means = {a: correct[chosen[a]].mean(axis=(1, 2)) for a, correct in answers.items()}
    groups: list[tuple[Among, list[str]]] = [("architecture", [a]) for a in answers]
    entries = []
    for among, members in [*groups, ("all", list(answers))]:
        keys = [(architecture, name) for architecture in members for name in headline[architecture]]
        mean, resamples = np.concatenate([means[a] for a in members]), np.hstack([drawn[a] for a in members])
        for cost, column in COSTS.items():
            price = cells.set_index(CELL).loc[keys, column].to_numpy()
            best, share = pareto_frontier(price, mean).tolist(), frontier_probability(price, resamples)
            for place, (a, name) in enumerate(keys):
                on, found = place in best, float(share[place])
                entry = {"among": among, "cost": cost, "architecture": a, "configuration": name}
                entries.append(Frontier(**entry, on_frontier=on, probability=found))
    return entries


def with_seeds(correct: np.ndarray, resampled: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Resampled means (resamples, configurations) plus normal draws of the moderated seed component."""
    variance = inference.moderated(inference.seed_component(correct)).variance
    return resampled + np.sqrt(variance) * generator.standard_normal(resampled.shape)


def _headline(study: StudySettings) -> list[str]:
    return list(dict.fromkeys(cell.configuration for cell in study.cells if cell.role == "train"))


def _seeds(answers: Answers) -> int:
    return next(iter(answers.values())).shape[2]


def _over(answers: Answers) -> Over:
    return "examples" if _seeds(answers) == 1 else "examples and seeds"


if __name__ == "__main__":
    run_stage(main)
