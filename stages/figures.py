"""figures: metrics/runs.csv, the card and the token lengths -> paper/generated/figures/, as PDF.

A figure with nothing to show in this grid is not written.
"""

import re
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from stages.analysis.baselines import Baselines
from stages.analysis.runs import RUNS, read_runs
from stages.analysis.statistics import Statistics
from stages.core.errors import run_stage
from stages.core.files import written_whole
from stages.data.card import Card
from stages.report.figures import style
from stages.report.figures.accuracy import methods
from stages.report.figures.pareto import pareto
from stages.report.figures.rank import rank
from stages.report.figures.texts import data, read_lengths
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.producers import Producers
from stages.report.numbers.units import COUNT
from stages.study.grid import StudySettings

FOLDER = Path("paper/generated/figures")


def main() -> None:
    """Write every figure that the grid has points for."""
    study, runs = StudySettings.read(), read_runs()
    lengths = read_lengths(list(study.architectures))
    with style.applied(), written_whole(FOLDER) as folder:
        folder.mkdir()
        figures = {
            "methods": methods(runs, study, Baselines.read(), Statistics.read()),
            "pareto": pareto(runs, study, Baselines.read()),
            "rank": rank(runs, study),
            "data": data(Card.read(), lengths, study),
        }
        written = {name: figure for name, figure in figures.items() if figure is not None}
        ledger = Ledger(Producers())
        for name, figure in written.items():
            style.save(figure, folder / f"{name}.pdf")
            enter_numerals(ledger, name, figure)
        ledger.write(folder / "numbers.json")
    print(f"{len(written)} figures in {FOLDER}/: {', '.join(written)}")


def enter_numerals(ledger: Ledger, name: str, figure: Figure) -> None:
    """Note the numerals of a drawn figure: axis ticks, bar labels, names."""
    texts = [artist.get_text() for artist in figure.findobj(Text) if artist.get_visible()]
    numerals = dict.fromkeys(numeral for text in texts for numeral in re.findall(r"\d[\d,.]*", text))
    source = Source(Card.path() if name == "data" else RUNS, f"axis or label of figure {name}")
    for index, numeral in enumerate(numerals):
        ledger.add(f"figure.{name}.{index}", numeral, COUNT, source)
        ledger.number(f"figure.{name}.{index}")


if __name__ == "__main__":
    run_stage(main)
