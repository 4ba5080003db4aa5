from types import SimpleNamespace

import pytest

from tools.benchmarks.common import full_size
from tools.benchmarks.gpu.figures import Figure, with_expected
from tools.benchmarks.gpu.where_time_goes import whole_grid

STUDY = SimpleNamespace(headline=["full", "lora-r8", "qlora-ffn-probe"], architectures={"roberta": None})
STEPS = [Figure(of=f"roberta {name}", what="step", value=10.0, unit="ms") for name in ("full", "lora-ffn", "qlora-ffn")]


def test_every_run_of_the_study_takes_its_cell_s_steps_or_those_of_the_cell_that_stands_for_it():
    found = whole_grid(STUDY, STEPS, "step")
    steps = 2 * full_size.IMDB["train"] / 16
    assert (found.of, found.what, found.unit) == ("the study", "6 runs one after another: step", "min")
    assert found.value == pytest.approx(6 * steps * 0.01 / 60)


def test_a_cell_that_failed_is_named():
    failed = [STEPS[0], STEPS[1], Figure(of="roberta qlora-ffn", what="step", fault="out of memory")]
    assert whole_grid(STUDY, failed, "step").fault == "no figure of roberta qlora-ffn"
    assert whole_grid(STUDY, STEPS, "step in one batch").fault == (
        "no figure of roberta full, roberta lora-ffn, roberta qlora-ffn"
    )


@pytest.mark.parametrize(
    ("part", "of", "what", "expected"),
    [
        ("time", "roberta full", "step", "32"),
        ("runs", "roberta full", "a short run", "runs"),  # of any cell
        ("time", "roberta ia3", "step", None),
        ("whole", "roberta full", "evaluation", None),
    ],
)
def test_what_was_expected_stands_beside(part, of, what, expected):
    assert with_expected(part, Figure(of=of, what=what, value=1.0)).expected == expected
