"""claims: each claim of the published study, tested on its own figures and on our records -> metrics/claims.json."""

from stages.lib.cells import STUDY, read_settings
from stages.lib.claims import CLAIMS, Claims, load_claims
from stages.lib.errors import run_stage
from stages.lib.evidence import Published
from stages.lib.jsonfile import write_json
from stages.lib.reconciliation import read_published, read_reconciliation
from stages.lib.reproduced import Reproduced, tests
from stages.lib.runs import read_runs
from stages.lib.settings import StudySettings
from stages.lib.statistics import read_statistics
from stages.lib.verdicts import judge


def main() -> None:
    """Judge every claim twice."""
    study, printed = read_settings(StudySettings, STUDY), read_published()
    published = Published(printed.runs, printed.segments)
    reproduced = Reproduced(study, read_runs(), tests(read_statistics()), printed.runs)
    contradictions = read_reconciliation().contradictions
    judged = [
        judge(key, claim, published, reproduced, study.small_scale, contradictions)
        for key, claim in load_claims().items()
    ]
    write_json(Claims(small_scale=study.small_scale, claims=judged), CLAIMS)
    failing = [claim.id for claim in judged if claim.published.verdict == "does not hold"]
    print(f"{len(judged)} claims in {CLAIMS}; refuted by the published figures: {', '.join(failing) or 'none'}")


if __name__ == "__main__":
    run_stage(main)
