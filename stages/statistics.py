"""statistics: test predictions and metrics/runs.csv -> metrics/statistics.json.

Intervals for accuracies, paired tests with Holm's correction, probabilities of being on the Pareto frontiers,
calibration, and what this number of seeds cannot show.
"""

import pandas as pd

from stages.analysis.answers import class_count, read_predictions, right_answers
from stages.analysis.calibration import calibration
from stages.analysis.comparisons import comparisons
from stages.analysis.costs import (
    LEAST_SCATTER,
    PROCESSOR_TIME,
    STRETCH,
    TWIN_TOLERANCE,
    compared_costs,
    compared_time,
    scatter,
)
from stages.analysis.frontiers import frontiers
from stages.analysis.intervals import accuracies
from stages.analysis.resampling import RANDOM_SEED, RESAMPLES, resample
from stages.analysis.runs import complete_configurations, read_runs, summarise
from stages.analysis.seed_variance import kinds_of, seed_variances
from stages.analysis.statistics import CONFIDENCE, LEVEL, Costs, Statistics, limits
from stages.core.errors import run_stage
from stages.study.grid import StudySettings


def main() -> None:
    """Write the statistics of the current grid."""
    study, runs = StudySettings.read(), read_runs()
    predictions = read_predictions(study, runs)
    complete = complete_configurations(study, runs)
    names = {architecture: configurations for architecture, configurations in complete.items() if configurations}
    answers = right_answers(study, names, predictions)
    seeds = seed_variances(answers, kinds_of(study, names))
    resampled = resample(answers)
    costs = compare_costs(runs)
    statistics = Statistics(
        examples=next(iter(answers.values())).shape[1],
        classes=class_count(predictions[0][1]),
        seeds=study.seeds,
        confidence=CONFIDENCE,
        level=LEVEL,
        resamples=RESAMPLES,
        random_seed=RANDOM_SEED,
        accuracy=accuracies(names, answers, seeds),
        comparisons=comparisons(study, names, answers, seeds),
        costs=costs,
        frontiers=frontiers(study, names, summarise(runs), resampled, seeds, costs),
        calibration=[calibration(run, frame) for run, frame in predictions],
        limits=limits(len(study.seeds)),
    )
    statistics.write()
    pairs = statistics.comparisons
    clear = sum(pair.verdict == "distinguishable" for pair in pairs)
    print(f"{clear} of {len(pairs)} pairs distinguishable at {LEVEL} after Holm's correction: {Statistics.path()}")


def compare_costs(runs: pd.DataFrame) -> Costs:
    """By what rule the costs of the runs were compared."""
    return Costs(
        clock="processor" if compared_time(runs) is PROCESSOR_TIME else "wall",
        tolerance=TWIN_TOLERANCE,
        stretch=STRETCH,
        disturbed_runs=int(compared_costs(runs)["disturbed"].sum()),
        least_scatter=LEAST_SCATTER,
        scatter=scatter(runs),
    )


if __name__ == "__main__":
    run_stage(main)
