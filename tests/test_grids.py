"""Every grid has its paper: no sentence asks for a number that the grid does not have, none speaks of what it lacks."""

import random

import pytest

from tests.helpers.grids import Grids, fitting_probes, random_grids, subsets
from tests.helpers.paper import written
from tests.test_holes import build_with_holes

pytestmark = pytest.mark.usefixtures("in_empty_folder")

SAMPLE, RANDOM = 4, 8  # grids in `make test`; the sweep of `make test-all` has every subset, and more at random


def build(grids: list[dict], monkeypatch: pytest.MonkeyPatch) -> None:
    """The text of each; the faults of all of them at once."""
    paper, faults = Grids(monkeypatch), []
    for grid in grids:
        try:
            text = paper.text(**grid)
        except Exception as error:
            faults.append(f"{grid}: {type(error).__name__}: {error}")
            continue
        for nonsense in ("; 0 further", "--", "of 0 runs", "()"):
            if nonsense in text:
                at = text.index(nonsense)
                faults.append(f"{grid}: ...{text[max(0, at - 60) : at + 40]}")
    assert not faults, "\n".join(faults)


def of_subset(configurations: list[str], with_probes: bool, architectures: list[str], seeds: list[int]) -> dict:
    probes = fitting_probes(configurations) if with_probes else []
    return {"configurations": configurations, "probes": probes, "architectures": architectures, "seeds": seeds}


@pytest.mark.slow
def test_a_sample_of_grids(monkeypatch):
    sample = random.Random(17).sample(subsets(), SAMPLE)
    grids = [of_subset(names, index % 2 == 0, ["distilbert"], [42]) for index, names in enumerate(sample)]
    build(grids + random_grids(seed=17, count=RANDOM), monkeypatch)


@pytest.mark.slow
def test_all_subsets_of_configurations(monkeypatch):
    """Every other one with the probes that fit it; random grids pair others."""
    grids = [of_subset(names, index % 2 == 1, ["roberta"], [42]) for index, names in enumerate(subsets())]
    build(grids, monkeypatch)


@pytest.mark.slow
def test_random_grids(monkeypatch):
    build(random_grids(seed=2025, count=10), monkeypatch)


@pytest.mark.slow
def test_full_fine_tuning_that_failed_is_not_said_to_lead():
    build_with_holes()
    text = written()
    assert "reaches the highest mean test accuracy on mini-DistilBERT, an adapter on mini-RoBERTa." in text
    assert "DeBERTa-v3, not comparable with" not in text
    assert "; --" not in text


def test_probes_of_the_headline_grid_are_not_further_runs(monkeypatch):
    text = Grids(monkeypatch).text(configurations=["qlora-ffn", "qlora-ffn-probe"], probes=[], seeds=[42])
    assert "further run" not in text
    assert r"\textit{Learning rate:} QLoRA FFN to QLoRA FFN probe" in text


@pytest.mark.slow
def test_the_tests_are_described_as_they_are_computed(monkeypatch):
    paper, grid = Grids(monkeypatch), {"configurations": ["full", "lora-r8"], "architectures": ["distilbert"]}
    one_seed = paper.text(**grid, probes=[], seeds=[42])
    two_seeds = paper.text(**grid, probes=[], seeds=[42, 43])
    with_rates = paper.text(**grid, probes=["full-probe"], seeds=[42, 43])
    assert [r"a paired $t$ test on the texts" in text for text in (one_seed, two_seeds, with_rates)] == [
        True,
        False,
        False,
    ]
    assert [r"\cite{mcnemar1947}" in text for text in (one_seed, two_seeds, with_rates)] == [True, False, False]
    assert [r"\cite{obuchowski1995}" in text for text in (one_seed, two_seeds, with_rates)] == [False, True, True]
    assert ["configurations of its method at that rate." in text for text in (one_seed, two_seeds, with_rates)] == [
        False,
        False,
        True,
    ]


@pytest.mark.slow
@pytest.mark.parametrize("holes", [41925, 23049])
def test_a_section_stands_though_a_sentence_before_it_is_left_out(holes, monkeypatch):
    grid = {"configurations": ["qlora-ffn", "lora-r16", "full", "qlora-ffn-probe", "lora-ffn", "lora-r8", "ia3"]}
    grid |= {"probes": ["full-probe", "lora-ffn-probe", "ia3-probe"], "architectures": ["deberta"], "seeds": [42]}
    build([grid | {"holes": holes}], monkeypatch)
