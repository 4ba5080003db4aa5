import math

from stages.published.claims import load_claims
from stages.published.verdicts import evaluate
from tests.helpers import planted

CLAIMS = load_claims()


def test_reasons_name_what_is_missing():
    memory = evaluate(CLAIMS["lora-memory"], planted.reproduced({("*", "*"): {"memory": math.nan}}))
    assert memory.reason == "memory was measured on the host, which decides nothing about a GPU"
    assert memory.figures == []
    absent = planted.reproduced({})
    absent.runs = absent.runs[absent.runs["configuration"] != "qlora-ffn"]
    reason = evaluate(CLAIMS["qlora-retention"], absent).reason
    names = ("distilbert", "roberta", "deberta")
    assert reason == "; ".join(f"{name} qlora-ffn: not in the grid of this build" for name in names)
    faster = planted.reproduced({}, planted.full_study(lr=3e-5))
    assert "distilbert full: run at another learning rate" in evaluate(CLAIMS["qlora-retention"], faster).reason


def test_one_seed_decides_no_cost():
    world = planted.reproduced({})
    world.runs = world.runs[world.runs["seed"] == 42]
    assert evaluate(CLAIMS["qlora-time"], world).reason == "one seed gives no interval for a cost"


def test_figures_say_where_they_are_read():
    figure = evaluate(CLAIMS["rank"], planted.reproduced({})).figures[0]
    assert (figure.key, figure.unit) == ("distilbert.lora-r8.lora-r16.accuracy.difference", "points")
    assert figure.source == "metrics/statistics.json"
    assert figure.source_key == "comparisons where architecture=distilbert, lora-r16 - lora-r8: difference"
    assert (round(figure.value, 9), figure.p) == (0.001, 0.001)
