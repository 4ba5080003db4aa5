import pytest

from stages.study.grid import StudySettings
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.tiny_study import ROOT


def study_of_params(**changes: object) -> StudySettings:
    return resolve_study(load_params(ROOT / "params.yaml").model_copy(update=changes))


def test_pairs_differ_in_one_choice():
    study = study_of_params()
    assert study.pairs("adapter.r", "adapter.lora_alpha") == [("lora-r8", "lora-r16")]
    assert study.pairs("target") == [("lora-r16", "lora-ffn")]
    assert study.pairs("quantization") == [("lora-ffn", "qlora-ffn"), ("lora-ffn-probe", "qlora-ffn-probe")]
    assert study.pairs("lr") == [
        ("full", "full-probe"),
        ("lora-ffn", "lora-ffn-probe"),
        ("qlora-ffn", "qlora-ffn-probe"),
        ("ia3", "ia3-probe"),
    ]


def test_reference_is_full_fine_tuning_at_the_base_rate_if_the_grid_has_it():
    assert study_of_params().reference == "full"
    assert study_of_params(configurations=["ia3"]).reference is None


def test_headline_is_the_grid_without_the_probes():
    study = study_of_params(configurations=["ia3", "full"], probes=["full-probe"])
    assert study.headline == ["ia3", "full"]
    assert list(study.configurations) == ["ia3", "full", "full-probe"]


def test_effective_rate_is_the_nominal_rate_scaled():
    study = study_of_params().model_copy(update={"lr_scale": 100})
    assert [study.nominal_rate(name) for name in ("ia3", "ia3-probe")] == [1e-5, 2e-5]
    assert study.effective_rate("ia3-probe") == pytest.approx(2e-3)
