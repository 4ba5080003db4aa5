"""tables: metrics/runs.csv -> paper/generated/tables/, the bodies of the paper's tables in LaTeX.

Captions are prose and live in the template. A long table goes on in further files, ``performance-2.tex``. A table with
nothing to show in this grid is not written.
"""

from pathlib import Path

from stages.core.errors import run_stage
from stages.core.files import written_whole
from stages.report.entries.build import build
from stages.report.entries.inputs import read_results
from stages.report.tables.predicted import protocols
from stages.report.tables.published import claims, contradictions, reproduction
from stages.report.tables.results import architectures, costs, differences, imdb, performance, reliability
from stages.report.tables.setup import bases, configurations, modules
from stages.report.tables.tabular import CONTINUED
from stages.report.tables.tuning import tuning

FOLDER = Path("paper/generated/tables")
NUMBERS = FOLDER / "numbers.json"

OF_THE_PUBLISHED_STUDY = {
    "claims": claims,
    "reproduction": reproduction,
    "contradictions": contradictions,
    "protocols": protocols,
}


def main() -> None:
    """Write every table that the grid has rows for, and the numbers that they print."""
    results = read_results()
    ledger = build(results)
    tables = {
        "performance": performance(results, ledger),
        "architectures": architectures(results, ledger),
        "bases": bases(results, ledger),
        "configurations": configurations(results, ledger),
        "modules": modules(results.study),
        "differences": differences(results, ledger),
        "costs": costs(results, ledger),
        "reliability": reliability(results, ledger),
        "imdb": imdb(results, ledger),
        "tuning": tuning(results, ledger),
    }
    if results.is_discussed:
        tables |= {name: make(results, ledger) for name, make in OF_THE_PUBLISHED_STUDY.items()}
    written = {name: table for name, table in tables.items() if table is not None}
    with written_whole(FOLDER) as folder:
        folder.mkdir()
        for name, table in written.items():
            for number, part in enumerate(table.split(CONTINUED), start=1):
                file = f"{name}.tex" if number == 1 else f"{name}-{number}.tex"
                (folder / file).write_text(part, encoding="utf-8")
        ledger.write(folder / NUMBERS.name)
    print(f"{len(written)} tables in {FOLDER}/: {', '.join(written)}")


if __name__ == "__main__":
    run_stage(main)
