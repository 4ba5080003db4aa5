"""reconcile: the published tables against the published runs, a full-size census and our records.

Writes metrics/reconciliation.json.
"""

from stages.lib import contradictions
from stages.lib.cells import STUDY, read_settings
from stages.lib.census import read_census
from stages.lib.errors import run_stage
from stages.lib.jsonfile import write_json
from stages.lib.reconciliation import (
    RECONCILIATION,
    Reconciliation,
    left_out,
    missing_runs,
    parameters,
    read_published,
    residue,
    residue_cells,
)
from stages.lib.reproduction import reproductions
from stages.lib.settings import StudySettings
from stages.lib.statistics import read_statistics


def main() -> None:
    """Check every printed cell, and every reproduced one where a comparable profile ran."""
    study, published = read_settings(StudySettings, STUDY), read_published()
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
        parameters=parameters(published.runs, read_census()),
        reproductions=reproductions(study, published.runs, read_statistics()),
    )
    write_json(result, RECONCILIATION)
    print(
        f"{len(found)} of {result.cells_checked} recomputed cells contradicted; {len(result.residue)} runs with residue"
    )


if __name__ == "__main__":
    run_stage(main)
