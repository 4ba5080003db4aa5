"""reconcile: the published tables against the published runs, a full-size census and our records.

Writes metrics/reconciliation.json.
"""

from stages.analysis.statistics import Statistics
from stages.core.errors import run_stage
from stages.data.card import Card
from stages.fullsize.census import Census
from stages.published import contradictions
from stages.published.printed import read_printed
from stages.published.printed_runs import left_out, missing_runs, parameters, residue, residue_cells
from stages.published.reconciliation import Reconciliation
from stages.published.reproduction import reproductions
from stages.published.scope import is_discussed
from stages.study.grid import StudySettings


def main() -> None:
    """Check every printed cell, and every reproduced one where a comparable profile ran."""
    study, card, printed = StudySettings.read(), Card.read(), read_printed()
    contradicted = contradictions.find(printed)
    reconciliation = Reconciliation(
        cells_checked=contradictions.checked(printed),
        contradictions=contradicted,
        counts=contradictions.counts(contradicted),
        unverifiable=contradictions.unverifiable(printed),
        missing_runs=missing_runs(printed.runs),
        left_out=left_out(printed),
        residue=residue(printed.segments),
        residue_cells=residue_cells(printed),
        parameters=parameters(printed.runs, Census.read()),
        reproductions=reproductions(study, card, printed.runs, Statistics.read()),
    )
    reconciliation.write()
    if not is_discussed(study, card):
        print(f"no published study is discussed: the report reads nothing of {Reconciliation.path()}")
        return
    print(
        f"{len(contradicted)} of {reconciliation.cells_checked} recomputed cells contradicted; "
        f"{len(reconciliation.residue)} runs with residue"
    )


if __name__ == "__main__":
    run_stage(main)
