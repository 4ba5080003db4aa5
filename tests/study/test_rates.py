"""rate_factors: what is refused, which runs there are, what each is told, and that DVC calls them the same."""

import subprocess
import sys

import pytest

from stages import settings
from stages.core.errors import InputError
from stages.study.grid import StudySettings
from stages.study.params import load_params
from stages.study.rates import multiplied
from stages.training.settings import Run, RunSettings
from tests.helpers.tiny_study import ROOT, write_params

GRID = {"architectures": ["distilbert"], "configurations": ["full", "ia3"], "probes": [], "seeds": [42, 43]}
pytestmark = pytest.mark.usefixtures("in_empty_folder")

BAD = {
    "a number": ({"rate_factors": 3}, "rate_factors: 3: input should be a valid list"),
    "a text": ({"rate_factors": ["3"]}, "rate_factors.0"),
    "a truth value": ({"rate_factors": [True]}, "rate_factors.0"),
    "none": ({"rate_factors": [0]}, "rate_factors.0"),
    "negative": ({"rate_factors": [-3]}, "rate_factors.0"),
    "not finite": ({"rate_factors": [float("inf")]}, "rate_factors.0"),
    "the own rate": (
        {"rate_factors": [3, 1]},
        "rate_factors: 1: a configuration's own rate is always tried; leave it out",
    ),
    "the own rate as a fraction": (
        {"rate_factors": [1.0]},
        "rate_factors: 1.0: a configuration's own rate is always tried; leave it out",
    ),
    "one written in two ways": ({"rate_factors": [3, 0.3, 3.0]}, "rate_factors: 3: given 2 times; allowed: once"),
    "selection on the test split": (
        {"rate_factors": [3], "protocol": "as-published"},
        "rate_factors: not allowed with protocol 'as-published': its selection_split is test, and a rate chosen on the "
        "test split is chosen by what it is judged by",
    ),
    "probes": (
        {"rate_factors": [3], "probes": ["full-probe"]},
        "probes: 'full-probe': a probe of the learning rate is not allowed with rate_factors, which try other rates "
        "for every configuration",
    ),
    "a probe in the headline grid": (
        {"rate_factors": [3], "configurations": ["qlora-ffn-probe"]},
        "configurations: 'qlora-ffn-probe': a probe of the learning rate is not allowed with rate_factors, which try "
        "other rates for every configuration",
    ),
    "a rate above one": (
        {"rate_factors": [3, 100], "lr": 0.02},
        "rate_factors: 100: 2 for configuration 'full', whose own rate is 0.02; allowed: rates of at most 1",
    ),
    "an own rate of a configuration that becomes too high": (
        {"rate_factors": [3], "configuration.ia3.train": {"learning_rate": 0.5}},
        "rate_factors: 3: 1.5 for configuration 'ia3', whose own rate is 0.5; allowed: rates of at most 1",
    ),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD.keys())
def test_what_is_wrong_is_one_line(changes, message, tmp_path):
    write_params(tmp_path, **GRID | changes)
    with pytest.raises(InputError) as caught:
        load_params()
    assert str(caught.value).startswith(f"params.yaml: {message}")
    assert "\n" not in str(caught.value)


def test_a_configuration_of_the_name_of_a_run_of_the_sweep_is_refused(tmp_path):
    full = {"label": "Full, thrice", "method": "full"}
    write_params(tmp_path, **GRID | {"configurations": ["full", "full-x3"], "configuration.full-x3": full})
    load_params()
    write_params(
        tmp_path,
        **GRID | {"configurations": ["full", "full-x3"], "configuration.full-x3": full, "rate_factors": [3]},
    )
    with pytest.raises(InputError) as caught:
        load_params()
    expected = "params.yaml: configurations: 'full-x3': with rate_factors the name of 'full' at 3 times its rate"
    assert str(caught.value) == expected


def test_the_headline_grid_is_run_again_at_every_factor(tmp_path):
    write_params(tmp_path, **GRID | {"rate_factors": [0.3, 10]})
    settings.main()
    study = StudySettings.read()
    assert [(run.configuration, run.seed) for run in study.runs] == [
        ("full", 42),
        ("full", 43),
        ("ia3", 42),
        ("ia3", 43),
    ]
    assert [(run.configuration, run.seed) for run in study.sweep] == [
        ("full-x0.3", 42),
        ("full-x10", 42),
        ("full-x0.3", 43),
        ("full-x10", 43),
        ("ia3-x0.3", 42),
        ("ia3-x10", 42),
        ("ia3-x0.3", 43),
        ("ia3-x10", 43),
    ]
    assert study.every_run == [*study.runs, *study.sweep]


def test_a_study_without_factors_has_no_sweep(tmp_path):
    write_params(tmp_path)
    settings.main()
    study = StudySettings.read()
    assert (study.sweep, study.is_tuned, len(study.every_run)) == ([], False, 60)


def test_a_run_of_the_sweep_differs_from_its_own_in_the_rate_alone(tmp_path):
    write_params(tmp_path, **GRID | {"rate_factors": [3], "configuration.ia3.train": {"learning_rate": 2e-4}})
    settings.main()
    for name, own, tripled in (("full", 1e-5, 3e-5), ("ia3", 2e-4, 6e-4)):
        told = RunSettings.read("distilbert", name).model_dump()
        swept = RunSettings.read("distilbert", f"{name}-x3").model_dump()
        different = {key for key in told if told[key] != swept[key]}
        assert different == {"configuration", "learning_rate", "nominal_learning_rate"}
        assert (told["nominal_learning_rate"], swept["nominal_learning_rate"]) == (own, tripled)
        assert swept["learning_rate"] == pytest.approx(3 * told["learning_rate"])


def test_another_base_rate_is_another_rate_of_every_run(tmp_path):
    write_params(tmp_path, **GRID | {"rate_factors": [3], "lr": 2e-5})
    settings.main()
    assert RunSettings.read("distilbert", "full-x3").nominal_learning_rate == 6e-5


def test_a_run_of_the_sweep_knows_what_it_is_of():
    own = Run(architecture="roberta", configuration="max-x-lora", seed=42, role="train")
    swept = own.at("0.3")
    assert (swept.configuration, swept.role) == ("max-x-lora-x0.3", "sweep")
    assert (swept.configured, swept.factor) == ("max-x-lora", "0.3")
    assert (own.configured, own.factor, own.at("1")) == ("max-x-lora", "1", own)
    assert str(swept.record_path) == "metrics/runs/roberta/max-x-lora-x0.3/42.json"


def test_multiples_of_rates_are_as_one_writes_them():
    assert [multiplied(1e-5, factor) for factor in (0.1, 0.3, 3, 10, 30)] == [1e-6, 3e-6, 3e-5, 1e-4, 3e-4]


def test_dvc_calls_them_as_the_study_does(tmp_path):
    """However a factor is written: its text is part of names that DVC and the study make each for itself."""
    write_params(tmp_path, **GRID | {"rate_factors": 2})
    params, written = tmp_path / "params.yaml", "rate_factors: [3, 30.0, 0.30, 1e-1, 1.5e+1, 0.0001, 0.05]"
    params.write_text(params.read_text(encoding="utf-8").replace("rate_factors: 2", written), encoding="utf-8")
    (tmp_path / "dvc.yaml").write_bytes((ROOT / "dvc.yaml").read_bytes())
    settings.main()
    for command in (["git", "init", "--quiet"], [sys.executable, "-m", "dvc", "init", "--quiet"]):
        subprocess.run(command, check=True)
    listed = subprocess.run(
        [sys.executable, "-m", "dvc", "stage", "list", "--name-only"], check=True, capture_output=True, encoding="utf-8"
    ).stdout.split()
    study = StudySettings.read()
    assert {run.stage for run in study.every_run} == {name for name in listed if name.startswith(("train@", "sweep@"))}
    assert len(study.sweep) == 2 * 7 * 2
