from types import SimpleNamespace

import pytest

from stages.report.numbers.units import SECONDS
from stages.report.site.cell_rows import Cost, on_frontier

SHARES = {"full": 1.0, "ia3": 0.95, "lora-r8": 0.949}
PLACES = [
    {"cost": "train_seconds", "architecture": "roberta", "configuration": name, "probability": share}
    for name, share in SHARES.items()
]
OLDER = [place | {"among": "architecture", "on_frontier": True} for place in PLACES]
AMONG_ALL = [place | {"among": "all", "configuration": "qlora-ffn", "probability": 1.0} for place in OLDER]


def cost(axis: str) -> Cost:
    return Cost("compared_seconds", "seconds", axis, "training time", SECONDS)


@pytest.mark.parametrize("places", [PLACES, OLDER + AMONG_ALL])
def test_the_page_marks_what_nearly_all_resamples_have_on_the_frontier_of_its_architecture(places):
    study = SimpleNamespace(statistics={"frontiers": places})
    assert on_frontier(study, cost("train_seconds")) == {("roberta", "full"), ("roberta", "ia3")}


def test_a_cost_that_an_older_study_has_no_places_for_marks_nothing():
    study = SimpleNamespace(statistics={"frontiers": OLDER})
    assert on_frontier(study, cost("trainable_parameters")) == set()
