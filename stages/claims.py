"""claims: each claim of the published study, tested on its own figures and on our records -> metrics/claims.json."""

from stages.analysis.runs import read_runs
from stages.analysis.statistics import Statistics
from stages.core.errors import run_stage
from stages.data.card import Card
from stages.published.claims import Claims, load_claims
from stages.published.evidence_ours import OurEvidence, tested_accuracies
from stages.published.evidence_printed import PrintedEvidence
from stages.published.printed import read_printed
from stages.published.reconciliation import Reconciliation
from stages.published.scope import is_compared, is_discussed, why_not_compared
from stages.published.verdicts import judge
from stages.study.grid import StudySettings


def main() -> None:
    """Judge every claim twice, where the published study is a subject of the report."""
    study, card = StudySettings.read(), Card.read()
    if not is_discussed(study, card):
        Claims(small_scale=study.small_scale, compared=False, claims=[]).write()
        print(f"no published study is discussed: no claims in {Claims.path()}")
        return
    printed, why_undecided = read_printed(), why_not_compared(study, card)
    published = PrintedEvidence(printed)
    reproduced = OurEvidence(study, read_runs(), tested_accuracies(Statistics.read()), printed.runs)
    contradictions = Reconciliation.read().contradictions
    judged = [
        judge(key, claim, published, reproduced, why_undecided, contradictions) for key, claim in load_claims().items()
    ]
    Claims(small_scale=study.small_scale, compared=is_compared(study, card), claims=judged).write()
    refuted = [claim.id for claim in judged if claim.conclusion == "contradicted"]
    by_figures = f"contradicted by the published figures: {', '.join(refuted) or 'none'}"
    print(f"{len(judged)} claims in {Claims.path()}; {by_figures}")


if __name__ == "__main__":
    run_stage(main)
