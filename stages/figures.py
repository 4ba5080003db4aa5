"""figures: metrics/runs.csv, the card, the token lengths and the census -> paper/generated/figures/, as PDF.

A figure with nothing to show in this grid is not written.
"""

from pathlib import Path

from stages.analysis.baselines import Baselines
from stages.analysis.plots import CURVES, read_curves
from stages.analysis.runs import RUNS, read_runs
from stages.analysis.statistics import Statistics
from stages.core.errors import run_stage
from stages.core.files import written_whole
from stages.data.card import Card
from stages.fullsize.census import Census
from stages.published.memory_check import printed_peaks
from stages.published.scope import is_discussed
from stages.report.figures import style
from stages.report.figures.curves import curves
from stages.report.figures.differences import differences
from stages.report.figures.numerals import enter_numerals
from stages.report.figures.pareto import pareto
from stages.report.figures.peaks import peaks
from stages.report.figures.texts import data, read_lengths
from stages.report.figures.tuning import tuning
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.producers import Producers
from stages.study.grid import StudySettings
from stages.tuning.tuning import Tuning

FOLDER = Path("paper/generated/figures")
# the others from the table of runs
DRAWN_FROM = {
    "data": Card.path(),
    "tuning": Tuning.path(),
    "differences": Statistics.path(),
    "curves": CURVES,
    "memory": Census.path(),
}


def main() -> None:
    """Write every figure that the grid has points for, and the numerals on them."""
    study, runs, baselines, card = StudySettings.read(), read_runs(), Baselines.read(), Card.read()
    statistics = Statistics.read()
    lengths = read_lengths(list(study.architectures))
    with style.applied(), written_whole(FOLDER) as folder:
        folder.mkdir()
        figures = {
            "differences": differences(study, statistics, baselines),
            "pareto": pareto(runs, study, statistics.frontiers),
            "curves": curves(read_curves(), study),
            "data": data(card, lengths, study),
            "tuning": tuning(Tuning.read(), study),
            "memory": peaks(printed_peaks(Census.read())) if is_discussed(study, card) else None,
        }
        drawn = {name: figure for name, figure in figures.items() if figure is not None}
        ledger = Ledger(Producers())
        for name, figure in drawn.items():
            style.save(figure, folder / f"{name}.pdf")
            enter_numerals(ledger, name, figure, DRAWN_FROM.get(name, RUNS))
        ledger.write(folder / "numbers.json")
    print(f"{len(drawn)} figures in {FOLDER}/: {', '.join(drawn)}")


if __name__ == "__main__":
    run_stage(main)
