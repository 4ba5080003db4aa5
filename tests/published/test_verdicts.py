import json
import math

import pytest

from stages.published.claims import Claims, load_claims
from stages.published.evidence_printed import PrintedEvidence
from stages.published.printed import configs, read_printed
from stages.published.verdicts import Judged, evaluate, judge
from tests.helpers import planted
from tests.helpers.planted import FAST, UNSTABLE

CLAIMS = load_claims()
ANY, WIDE = ("*", "*"), {("*", "*"): {"half_width": 0.5}}
HOST, CPU = {ANY: {"memory": math.nan}}, {ANY: {"device": "cpu"}}
UNPRINTED, RESIDUE = {("deberta", "*"): {"printed": False}}, {ANY: {"fresh": False}}
NO_COUNT = {ANY: {"parameters": math.nan}}
ABSENT = {("*", "lora-r8"): {"printed": False}}
QLORA, DEBERTA_QLORA = ("*", "qlora-ffn"), ("deberta", "qlora-ffn")
HEAVY = {("*", name): {"memory": 16 * planted.GIB} for name in ("qlora-ffn", "qlora-ffn-probe")}

# claim: what refutes it, what leaves our records undecided, what leaves the published figures undecided
CASES = {
    "qlora-retention": ({("roberta", "qlora-ffn"): {"accuracy": 0.90}}, WIDE, UNPRINTED),
    "qlora-memory": ({QLORA: {"memory": 4 * planted.GIB}}, HOST, RESIDUE),
    "deberta-memory": (HEAVY, HOST, RESIDUE | HEAVY),
    "superior": ({("*", "qlora-ffn-probe"): {"accuracy": 0.92}}, HOST, RESIDUE),
    "frontier": (HEAVY, HOST, RESIDUE),
    "placement-over-rank": ({("roberta", "lora-ffn"): {"accuracy": 0.929}}, WIDE, UNPRINTED),
    "rank": ({("roberta", "lora-r16"): {"accuracy": 0.937}}, WIDE, UNPRINTED),
    "learning-rate": ({("roberta", "ia3-probe"): {"accuracy": 0.92}}, {ANY: {"p": 0.2}}, UNPRINTED),
    "qlora-learning-rate": ({DEBERTA_QLORA: {"accuracy": 0.92}}, WIDE, UNPRINTED),
    "ia3-unstable": ({("deberta", "ia3"): {"accuracy": 0.9, "jitter": 0.03}}, WIDE, UNPRINTED),
    "ceiling": ({("roberta", "lora-ffn"): {"accuracy": 0.96}}, {ANY: {"p": 0.2}}, UNPRINTED),
    "slowest": ({("*", "qlora-ffn"): {"seconds": 130.0}}, CPU, UNPRINTED),
    "peft-retention": ({("roberta", "ia3"): {"accuracy": 0.85}}, WIDE, UNPRINTED),
    "fewer-parameters": ({("roberta", "ia3"): {"parameters": 2_000_000}}, ABSENT, NO_COUNT),
    "lora-memory": ({("roberta", "lora-ffn"): {"memory": 3 * planted.GIB}}, HOST, RESIDUE),
    "qlora-time": ({("roberta", "qlora-ffn"): {"seconds": 160.0}}, CPU, UNPRINTED),
}
# Claims about what was printed, which records say nothing of: what refutes them.
OF_PRINT = {
    "memory-example": None,  # its own figures do
    "all-match": {("table", "*"): {"acc_pct": 50.0}},
    "texts": {("texts", "*"): {"rows": 24_904}},
}
VERDICTS = ("holds", "does not hold", "cannot be decided here")
BASES = {"ia3-unstable": UNSTABLE, "slowest": FAST}


def changes(claim: str, verdict: str, world: str) -> planted.Changes:
    refuted, ours, theirs = CASES[claim]
    base = BASES.get(claim, {})
    chosen = {"holds": {}, "does not hold": refuted, "cannot be decided here": ours if world == "ours" else theirs}
    return base | chosen[verdict]


def test_every_claim_is_planted():
    assert {*CASES, *OF_PRINT} == CLAIMS.keys()


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("claim", CASES)
def test_our_records_can_give_each_verdict(claim, verdict):
    assert evaluate(CLAIMS[claim], planted.reproduced(changes(claim, verdict, "ours"))).verdict == verdict


@pytest.mark.parametrize("verdict", VERDICTS)
@pytest.mark.parametrize("claim", CASES)
def test_published_figures_can_give_each_verdict(claim, verdict):
    assert evaluate(CLAIMS[claim], planted.published(changes(claim, verdict, "theirs"))).verdict == verdict


@pytest.mark.parametrize("claim", OF_PRINT)
def test_records_say_nothing_of_what_was_printed(claim):
    assert evaluate(CLAIMS[claim], planted.reproduced({})).verdict == "cannot be decided here"


@pytest.mark.parametrize("claim", ["all-match", "texts"])
def test_claims_about_what_was_printed_hold_and_fail(claim):
    assert evaluate(CLAIMS[claim], planted.published({})).verdict == "holds"
    assert evaluate(CLAIMS[claim], planted.published(OF_PRINT[claim])).verdict == "does not hold"


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    """Every claim on the published figures."""
    world = PrintedEvidence(read_printed())
    ours = planted.reproduced({})
    return {name: judge(name, claim, world, ours, "another study", []) for name, claim in CLAIMS.items()}


def k_of_n(evaluation) -> tuple[int, int, int]:
    """Holding, decided, open."""
    return evaluation.holding, evaluation.holding + evaluation.failing, evaluation.undecided


def test_verdicts_on_the_published_figures(judged):
    found = {name: (*k_of_n(claim.published), claim.conclusion) for name, claim in judged.items()}
    assert found == {
        "qlora-retention": (1, 3, 0, "depends on the reading"),
        "qlora-memory": (1, 1, 2, "undecided"),
        "memory-example": (0, 1, 0, "contradicted"),
        "deberta-memory": (1, 1, 0, "holds"),
        "superior": (2, 4, 2, "contradicted"),
        "frontier": (11, 11, 4, "undecided"),
        "placement-over-rank": (6, 6, 0, "holds"),
        "rank": (3, 3, 0, "holds"),
        "learning-rate": (8, 8, 1, "undecided"),
        "qlora-learning-rate": (3, 3, 0, "holds"),
        "ia3-unstable": (0, 0, 2, "undecided"),
        "ceiling": (18, 18, 0, "holds"),
        "slowest": (11, 14, 1, "contradicted"),
        "peft-retention": (5, 18, 0, "contradicted"),
        "fewer-parameters": (7, 15, 0, "contradicted"),
        "lora-memory": (0, 2, 1, "contradicted"),
        "qlora-time": (2, 3, 0, "depends on the reading"),
        "all-match": (91, 110, 0, "contradicted"),
        "texts": (0, 6, 0, "contradicted"),
    }


def test_the_better_rate_bears_out_what_qlora_retains(judged):
    [at_probe_rate] = judged["qlora-retention"].readings
    assert [f"{100 * figure.value:.2f}" for figure in at_probe_rate.published.figures] == ["97.14", "98.13", "98.70"]
    assert k_of_n(at_probe_rate.published) == (3, 3, 0)


def test_training_in_so_much_memory_is_an_at_most(judged):
    """The run printed less, and what came before it can only have added to that."""
    [figure] = judged["deberta-memory"].published.figures
    assert (round(figure.high / planted.GIB, 3), figure.low, figure.verdict) == (1.307, 0, "holds")


def test_verdicts_on_memory_rest_on_fresh_processes(judged):
    """Two runs that were the first of their process print more than they need; without them one cell is left."""
    figures = {figure.key.split(".")[0]: figure for figure in judged["qlora-memory"].published.figures}
    assert {name: figure.verdict for name, figure in figures.items()} == {
        "distilbert": "cannot be decided here",
        "roberta": "holds",
        "deberta": "cannot be decided here",
    }
    assert f"{figures['roberta'].value:.3f}" == "0.843"
    assert figures["roberta"].low == figures["roberta"].high
    assert (figures["deberta"].high, f"{figures['deberta'].low:.3f}") == (1, "0.788")


def test_the_saving_given_as_an_example_is_not_the_one_claimed(judged):
    [figure] = judged["memory-example"].published.figures
    assert [f"{100 * value:.1f}" for value in (figure.low, figure.value, figure.high)] == ["78.3", "79.2", "80.0"]


def test_how_verdicts_move_with_the_threshold(judged):
    """All of each claim's thresholds, in the order of the file."""
    found = {name: [k_of_n(each.published)[:2] for each in claim.thresholds] for name, claim in judged.items()}
    assert found["peft-retention"] == [(8, 18), (13, 18)]
    assert found["fewer-parameters"] == [(11, 15), (15, 15)]
    assert found["qlora-time"] == [(3, 3)]
    assert found["rank"] == [(1, 3)]
    assert judged["qlora-time"].readings[0].published.verdict == "holds"


def test_the_number_of_texts_is_that_of_the_printed_steps():
    """Half a batch of two steps is counted as one by some releases and as none by others."""
    for (architecture, steps), runs in configs().groupby(["architecture", "steps"]):
        batches = math.ceil(24_904 / runs["train_bs"].iloc[0])
        per_epoch = {batches // 2, math.ceil(batches / 2)}
        assert steps / runs["epochs"].iloc[0] in per_epoch, architecture
        assert math.ceil(25_000 / 8) // 2 > steps / 2


def test_no_figure_is_infinite(judged):
    """As JSON has no such number: the file could not be read again."""
    for claim in judged.values():
        written = json.dumps(json.loads(claim.model_dump_json()))
        assert "null" not in written.replace('"p": null', "").replace('"verdict": null', "")
    Claims(small_scale=False, claims=list(judged.values()))


@pytest.mark.parametrize("claim", CASES)
def test_records_that_are_not_compared_decide_nothing(claim):
    base = BASES.get(claim, {})
    found = evaluate(CLAIMS[claim], planted.reproduced(base), why_undecided="other data")
    assert (found.verdict, found.reason, found.observation) == ("cannot be decided here", "other data", "holds")
