"""statistics: test predictions and metrics/runs.csv -> metrics/statistics.json.

Intervals for accuracies, paired tests with Holm's correction, probabilities of being on the Pareto frontiers,
calibration, and what this number of seeds cannot show.
"""

from stages.analysis.answers import read_predictions, right_answers
from stages.analysis.calibration import calibration
from stages.analysis.frontiers import frontiers
from stages.analysis.intervals import accuracies
from stages.analysis.paired_tests import comparisons
from stages.analysis.resampling import RANDOM_SEED, RESAMPLES, resample
from stages.analysis.runs import complete, read_runs, summarise
from stages.analysis.statistics import CONFIDENCE, LEVEL, Statistics, limits
from stages.core.errors import run_stage
from stages.study.grid import StudySettings


def main() -> None:
    """Write the statistics of the current grid."""
    study, runs = StudySettings.read(), read_runs()
    predictions = read_predictions(study, runs)
    names = {architecture: whole for architecture, whole in complete(study, runs).items() if whole}
    answers = right_answers(study, names, predictions)
    resampled = resample(answers)
    found = comparisons(study, names, answers, resampled)
    Statistics(
        examples=next(iter(answers.values())).shape[1],
        seeds=study.seeds,
        confidence=CONFIDENCE,
        level=LEVEL,
        resamples=RESAMPLES,
        random_seed=RANDOM_SEED,
        accuracy=accuracies(names, answers, resampled),
        comparisons=found,
        frontiers=frontiers(study, names, summarise(runs), answers, resampled),
        calibration=[calibration(cell, frame) for cell, frame in predictions],
        limits=limits(len(study.seeds)),
    ).write()
    clear = sum(entry.verdict == "distinguishable" for entry in found)
    print(f"{clear} of {len(found)} pairs distinguishable at {LEVEL} after Holm's correction: {Statistics.path()}")


if __name__ == "__main__":
    run_stage(main)
