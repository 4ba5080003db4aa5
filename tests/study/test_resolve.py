from pathlib import Path

import pytest

from stages.study.params import load_params
from stages.study.resolve import resolve, resolve_census, resolve_run
from tests.helpers.tiny_study import write_params

pytestmark = pytest.mark.usefixtures("in_empty_folder")


@pytest.mark.parametrize(
    ("protocol", "configuration", "expected"),
    [
        ("corrected", "qlora-ffn", (["classifier"], "validation", False, "fp32", "paged_adamw_8bit")),
        ("corrected", "lora-ffn", (["classifier"], "validation", False, "fp32", "adamw_torch_fused")),
        (
            "as-published",
            "qlora-ffn",
            (["classifier.dense", "classifier.out_proj"], "test", True, "fp16", "paged_adamw_8bit"),
        ),
        ("as-published", "lora-ffn", ([], "test", False, "fp32", "adamw_torch")),
    ],
)
def test_protocol_resolves_by_method(protocol, configuration, expected):
    write_params(Path(), protocol=protocol)
    run = resolve_run(load_params(), "roberta", configuration)
    assert (
        run.modules_to_save,
        run.selection_split,
        run.gradient_checkpointing,
        run.precision,
        run.optimizer,
    ) == expected


def test_rank_proportional_alpha():
    write_params(Path(), **{"protocols.corrected.alpha_policy": "rank-proportional"})
    params = load_params()
    assert [resolve_run(params, "roberta", name).option("lora_alpha") for name in ("lora-r8", "lora-r16")] == [16, 32]


def test_effective_rate_is_the_nominal_rate_scaled():
    write_params(Path(), **{"profiles.mini.train.lr_scale": 100})
    run = resolve_run(load_params(), "roberta", "ia3-probe")
    assert (run.nominal_learning_rate, run.learning_rate) == (2e-5, pytest.approx(2e-3))


def test_hub_revision_is_recorded_for_hub_checkpoints_alone():
    write_params(Path())
    params = load_params()
    assert resolve_run(params, "roberta", "full").checkpoint_revision is None
    paper = params.model_copy(update={"profile": "paper"})
    assert resolve_run(paper, "roberta", "full").checkpoint_revision == params.architecture["roberta"].revision


def test_how_a_pickle_is_converted_is_told_to_a_stage_that_fetches_one_alone():
    write_params(Path())
    told = {}
    for profile in ("mini", "paper"):
        files = resolve(load_params().model_copy(update={"profile": profile}))
        told[profile] = [str(path) for path, content in files.items() if '"convert"' in content.model_dump_json()]
    assert told == {"mini": [], "paper": ["data/settings/base/deberta.json"]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["corrected", "as-published"]),
        ({"protocol": "as-published"}, ["as-published"]),
        ({"published": "none"}, ["corrected"]),
        ({"published": "none", "protocol": "as-published"}, ["as-published"]),
    ],
)
def test_the_census_has_the_protocols_that_the_study_uses(changes, expected):
    write_params(Path(), **changes)
    assert list(resolve_census(load_params()).runs) == expected


def test_the_census_leaves_out_an_architecture_whose_full_size_is_not_given():
    write_params(Path(), **{"architecture.roberta.full_size": None})
    census = resolve_census(load_params())
    assert list(census.full_size) == list(census.runs["corrected"]) == ["distilbert", "deberta"]
