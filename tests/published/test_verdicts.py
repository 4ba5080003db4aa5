import math

import pytest

from stages.published.claims import fill, load_claims
from stages.published.evidence_printed import PrintedEvidence
from stages.published.printed import read_printed
from stages.published.verdicts import evaluate
from stages.report.numbers.units import UNITS, text
from tests.helpers import planted
from tests.helpers.planted import UNSTABLE

CLAIMS = load_claims()
ANY, WIDE = ("*", "*"), {("*", "*"): {"half_width": 0.5}}
HOST, CPU = {ANY: {"memory": math.nan}}, {ANY: {"device": "cpu"}}
UNPRINTED, RESIDUE = {("deberta", "*"): {"printed": False}}, {ANY: {"first": 0}}
NO_COUNT = {ANY: {"parameters": math.nan}}
ABSENT = {("*", "lora-r8"): {"printed": False}}
QLORA, DEBERTA_QLORA = ("*", "qlora-ffn"), ("deberta", "qlora-ffn")

# claim: what refutes it, what leaves our records undecided, what leaves the published figures undecided
CASES = {
    "qlora-retention": ({("roberta", "qlora-ffn"): {"accuracy": 0.90}}, WIDE, UNPRINTED),
    "qlora-memory": ({QLORA: {"memory": 4 * planted.GIB}}, HOST, RESIDUE),
    "deberta-memory": ({DEBERTA_QLORA: {"memory": 1.3 * planted.GIB}}, HOST, RESIDUE),
    "placement-over-rank": ({("roberta", "lora-ffn"): {"accuracy": 0.929}}, WIDE, UNPRINTED),
    "rank": ({("roberta", "lora-r16"): {"accuracy": 0.937}}, WIDE, UNPRINTED),
    "learning-rate": ({("roberta", "ia3-probe"): {"accuracy": 0.92}}, {ANY: {"p": 0.2}}, UNPRINTED),
    "qlora-learning-rate": ({DEBERTA_QLORA: {"accuracy": 0.92}}, WIDE, UNPRINTED),
    "ia3-unstable": ({("deberta", "ia3"): {"accuracy": 0.9, "jitter": 0.03}}, WIDE, UNPRINTED),
    "ceiling": ({("roberta", "lora-ffn"): {"accuracy": 0.96}}, {ANY: {"p": 0.2}}, UNPRINTED),
    "peft-retention": ({("roberta", "ia3"): {"accuracy": 0.85}}, WIDE, UNPRINTED),
    "fewer-parameters": ({("roberta", "ia3"): {"parameters": 2_000_000}}, ABSENT, NO_COUNT),
    "lora-memory": ({("roberta", "lora-r8"): {"memory": 3 * planted.GIB}}, HOST, RESIDUE),
    "qlora-time": ({("roberta", "qlora-ffn"): {"seconds": 160.0}}, CPU, UNPRINTED),
}
VERDICTS = ("holds", "does not hold", "cannot be decided here")


def changes(claim: str, verdict: str, world: str) -> planted.Changes:
    refuted, ours, theirs = CASES[claim]
    base = UNSTABLE if claim == "ia3-unstable" else {}
    chosen = {"holds": {}, "does not hold": refuted, "cannot be decided here": ours if world == "ours" else theirs}
    return base | chosen[verdict]


def test_every_claim_is_planted():
    assert list(CASES) == list(CLAIMS)


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("claim", CASES)
def test_our_records_can_give_each_verdict(claim, verdict):
    assert evaluate(CLAIMS[claim], planted.reproduced(changes(claim, verdict, "ours"))).verdict == verdict


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("claim", CASES)
def test_published_figures_can_give_each_verdict(claim, verdict):
    assert evaluate(CLAIMS[claim], planted.published(changes(claim, verdict, "theirs"))).verdict == verdict


def test_verdicts_on_the_published_figures():
    printed = read_printed()
    world = PrintedEvidence(printed.runs, printed.segments)
    found = {name: evaluate(claim, world) for name, claim in CLAIMS.items()}
    refuted = ["qlora-retention", "qlora-memory", "deberta-memory", "peft-retention", "fewer-parameters"]
    assert [n for n, e in found.items() if e.verdict == "does not hold"] == [*refuted, "lora-memory", "qlora-time"]
    undecided = {n: e.reason for n, e in found.items() if e.verdict == "cannot be decided here"}
    assert undecided == dict.fromkeys(["learning-rate", "ia3-unstable"], "deberta ia3: a run was not printed")
    memory = found["qlora-memory"]
    assert fill(memory.reason, memory.figures, lambda f: text(f.value, UNITS[f.unit])) == (
        "distilbert qlora-ffn against full: 60.7 lies outside the bounds; "
        "deberta qlora-ffn against full: 78.8 lies outside the bounds"
    )


@pytest.mark.parametrize("claim", CASES)
def test_records_that_are_not_compared_decide_nothing(claim):
    base = UNSTABLE if claim == "ia3-unstable" else {}
    found = evaluate(CLAIMS[claim], planted.reproduced(base), why_undecided="other data")
    assert (found.verdict, found.reason, found.observation) == ("cannot be decided here", "other data", "holds")
