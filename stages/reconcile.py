"""reconcile: the published tables against the published runs, a full-size census and our records.

Writes metrics/reconciliation.json.
"""

from stages.analysis.statistics import Statistics
from stages.core.errors import run_stage
from stages.fullsize.census import Census
from stages.published import contradictions
from stages.published.printed_runs import left_out, missing_runs, parameters, read_printed, residue, residue_cells
from stages.published.reconciliation import Reconciliation
from stages.published.reproduction import reproductions
from stages.study.grid import StudySettings


def main() -> None:
    """Check every printed cell, and every reproduced one where a comparable profile ran."""
    study, published = StudySettings.read(), read_printed()
    found = contradictions.find(published)
    result = Reconciliation(
        cells_checked=contradictions.checked(published),
        contradictions=found,
        counts=contradictions.counts(found),
        unverifiable=contradictions.unverifiable(published),
        missing_runs=missing_runs(published.runs),
        left_out=left_out(published),
        residue=residue(published.segments),
        residue_cells=residue_cells(published),
        parameters=parameters(published.runs, Census.read()),
        reproductions=reproductions(study, published.runs, Statistics.read()),
    )
    result.write()
    print(
        f"{len(found)} of {result.cells_checked} recomputed cells contradicted; {len(result.residue)} runs with residue"
    )


if __name__ == "__main__":
    run_stage(main)
