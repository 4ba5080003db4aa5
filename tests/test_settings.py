import json
import os
import shutil
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages import settings
from stages.core.errors import InputError
from stages.encoders.settings import BaseSettings
from stages.fullsize.settings import CensusSettings
from stages.study.grid import StudySettings
from stages.training.settings import RunSettings
from tests.helpers.tiny_study import ROOT, write_params

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def settings_files(**changes) -> dict[str, str]:
    write_params(Path(), **changes)
    settings.main()
    return {str(path): path.read_text(encoding="utf-8") for path in Path("data/settings").rglob("*.json")}


def test_default_grid_has_42_runs_and_18_probes():
    settings_files()
    runs = StudySettings.read().runs
    assert [run.role for run in runs] == ["train"] * 42 + ["probe"] * 18
    assert len({run.record_path for run in runs}) == 60
    assert runs[0].record_path == Path("metrics/runs/distilbert/full/42.json")


def test_base_rate_reaches_the_runs_at_that_rate_alone():
    before, after = settings_files(), settings_files(lr=2e-5)
    changed = {path for path in before if before[path] != after[path]}
    configurations = ["full", "lora-r8", "lora-r16", "lora-ffn", "qlora-ffn", "ia3"]
    architectures = ["distilbert", "roberta", "deberta"]
    assert changed == {str(StudySettings.path()), str(CensusSettings.path())} | {
        str(RunSettings.path(a, c)) for a in architectures for c in configurations
    }


def test_outputs_of_an_earlier_grid_move_aside(capsys):
    record = Path("metrics/runs/roberta/full/44.json")
    record.parent.mkdir(parents=True)
    record.touch()
    write_params(Path())
    settings.main(check=True)
    assert record.exists()
    settings.main()
    assert (Path("models/.aside") / record).exists()
    assert capsys.readouterr().out.splitlines()[0] == f"not of this grid, moved to models/.aside/: {record}"


def test_files_of_an_earlier_grid_are_removed():
    settings_files()
    files = settings_files(architectures=["roberta"], configurations=["full"], probes=[], seeds=[1])
    assert sorted(files) == [
        "data/settings/base/roberta.json",
        "data/settings/census.json",
        "data/settings/data.json",
        "data/settings/runs/roberta/full.json",
        "data/settings/study.json",
        "data/settings/tokenize/roberta.json",
    ]


def test_check_writes_nothing():
    write_params(Path())
    settings.main(check=True)
    assert not Path("data").exists()


@pytest.mark.parametrize("check", [True, False])
def test_a_local_source_that_is_not_there_stops_before_anything_is_written(check):
    write_params(Path(), profile="imdb-mini")
    with pytest.raises(InputError, match=r"^data\.path: data/imdb: not found; allowed: a file or a folder$"):
        settings.main(check=check)
    assert not Path("data").exists()


def test_a_local_source_is_linked_and_others_are_not():
    Path("data/imdb").mkdir(parents=True)
    settings_files(profile="imdb-mini")
    assert Path("data/source").samefile("data/imdb")
    settings_files()
    assert not Path("data/source").is_symlink()


def test_wrong_value_stops_before_anything_is_written():
    write_params(Path(), lr="abc")
    with pytest.raises(InputError, match=r"params\.yaml: lr: 'abc': input should be a valid number"):
        settings.main()
    assert not Path("data").exists()


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"configuration.ia3.adapter": {"peft_type": "IA3", "r": 8}},
            "configuration.ia3.adapter.r: 8: IA3 has no such field; allowed: target_modules, exclude_modules, "
            "feedforward_modules, fan_in_fan_out, init_ia3_weights (architecture.distilbert)",
        ),
        (
            {"architecture.roberta.model_class": "RobertasForSequenceClassification"},
            "architecture.roberta.model_class: 'RobertasForSequenceClassification': transformers 5.23.0 has no such ",
        ),
        (
            {"configuration.lora-r8.adapter": {"peft_type": "LORA", "r": 0}},
            "configuration.lora-r8.adapter: LORA: `r` should be a positive integer value but the value passed is 0",
        ),
    ],
)
def test_a_method_that_cannot_be_made_stops_before_anything_is_written(check, changes, message):
    write_params(Path(), **changes)
    with pytest.raises(InputError) as caught:
        settings.main(check=check)
    assert str(caught.value).startswith(message)
    assert not Path("data").exists()


def test_a_configuration_outside_the_grid_is_not_tried():
    """Its schema is checked, and its class where it is in the grid."""
    write_params(Path(), **{"configuration.mine": {"label": "Mine", "method": "peft", "adapter": {"peft_type": "X"}}})
    settings.main(check=True)


def test_the_methods_that_readme_shows_can_be_made():
    text = (ROOT / "README.md").read_text(encoding="utf-8").split("### Your own method\n\n```yaml\n")[1].split("```")[0]
    shown = YAML(typ="safe").load(text)["configuration"]
    Path("studies").mkdir()
    shutil.copytree(ROOT / "studies/adapters", "studies/adapters")
    changes = {f"configuration.{name}": entry for name, entry in shown.items()}
    write_params(Path(), **changes, configurations=list(shown), probes=[])
    settings.main()
    runs = {name: RunSettings.read("roberta", name) for name in shown}
    assert {name: run.kind for name, run in runs.items()} == {"dora": "lora", "rslora": "lora", "bitfit": "subset"}
    assert (runs["dora"].train.epochs, runs["dora"].nominal_learning_rate) == (3, 2e-4)
    assert runs["rslora"].target_modules == ["query", "value"]


def test_reading_back_names_the_file():
    with pytest.raises(InputError, match=r"data/settings/base/x\.json: not found; run `dvc repro settings` first"):
        RunSettings.read_from(BaseSettings.path("x"))
    path = BaseSettings.path("x")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"architecture": "x"}), encoding="utf-8")
    with pytest.raises(
        InputError,
        match=r"data/settings/base/x\.json: configuration: Field required \(and 26 more\); run `dvc repro -f settings`",
    ):
        RunSettings.read_from(path)


@pytest.mark.parametrize(("device", "seen"), [("cpu", ""), ("auto", "0"), ("cuda", "0")])
def test_methods_are_tried_on_the_device_of_their_runs(device, seen, monkeypatch):
    """Of a study on the CPU no GPU is seen; of one on a GPU the machine that checks it needs none."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    settings_files(**{"profiles.mini.train.device": device})
    assert os.environ["CUDA_VISIBLE_DEVICES"] == seen


def test_the_device_is_one_of_three():
    with pytest.raises(InputError) as caught:
        settings_files(**{"profiles.mini.train.device": "gpu"})
    assert (
        str(caught.value) == "params.yaml: profiles.mini.train.device: 'gpu': input should be 'cpu', 'cuda' or 'auto'"
    )
