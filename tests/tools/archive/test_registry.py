import json
import subprocess
import sys
from pathlib import Path

import pytest

from stages import settings
from stages.core.errors import InputError
from stages.core.yaml_files import read_yaml
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.hashed_study import git
from tests.helpers.records import make_record
from tests.helpers.tiny_study import write_params
from tools.archive import registry

pytestmark = pytest.mark.usefixtures("in_empty_folder")
SMALL = {"architectures": ["distilbert", "roberta"], "configurations": ["full", "lora-ffn"]}
SMALL |= {"probes": [], "seeds": [1, 2]}


def write_records(**selected: float) -> None:
    """Records of the grid; ``<architecture>_<seed>`` of lora-ffn with this accuracy on the split that selects."""
    write_params(Path(), **SMALL)
    settings.main()
    for run in resolve_study(load_params()).runs:
        record = json.loads(make_record(run).model_dump_json())
        score = selected.get(f"{run.architecture}_{run.seed}", 0.6) if run.configuration == "lora-ffn" else 0.5
        for epoch in record["quality"]["history"]:
            is_kept = epoch["epoch"] == record["quality"]["selected_epoch"]
            epoch["selection_accuracy"] = score if is_kept else 0.99
        run.record_path.parent.mkdir(parents=True, exist_ok=True)
        run.record_path.write_text(json.dumps(record), encoding="utf-8")


def test_the_best_on_the_split_that_selects_and_of_equals_the_first():
    write_records(distilbert_2=0.7)
    registry.main()
    artifacts = read_yaml(registry.REGISTRY)["artifacts"]
    assert {name: artifact["path"] for name, artifact in artifacts.items()} == {
        "distilbert": "../../models/runs/distilbert/lora-ffn/2",
        "roberta": "../../models/runs/roberta/lora-ffn/1",
    }
    record = json.loads(Path("metrics/runs/distilbert/lora-ffn/2.json").read_bytes())
    assert artifacts["distilbert"] == {
        "path": "../../models/runs/distilbert/lora-ffn/2",
        "type": "model",
        "desc": "distilbert lora-ffn, seed 2, the best of its architecture on the validation split: 0.7000; "
        f"test: {record['quality']['test_accuracy']:.4f}",
        "labels": ["text-classification", "lora", "profile-mini"],
    }


def test_a_file_of_other_records_is_named():
    write_records(distilbert_2=0.7)
    registry.require_todays()  # there is none
    registry.main()
    registry.require_todays()
    write_records(distilbert_1=0.7)
    line = "^metrics/registry/dvc.yaml: not of today's records; `make registry` writes it; commit it$"
    with pytest.raises(InputError, match=line):
        registry.require_todays()


def test_before_a_run_is_made():
    write_params(Path(), **SMALL)
    line = "^metrics/runs/distilbert/full/1.json: not found; run `make paper` first$"
    with pytest.raises(InputError, match=line):
        registry.main()


def test_dvc_takes_a_run_by_its_tag(tmp_path, monkeypatch):
    """The real DVC and GTO: a repository with a remote, a tag, and the model somewhere else."""
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    write_records(distilbert_2=0.7)
    registry.main()
    model = Path("models/runs/distilbert/lora-ffn/2")
    model.mkdir(parents=True)
    (model / "weights").write_text("of seed 2", encoding="utf-8")
    git(Path(), "init", "--quiet")
    for key, value in (("user.name", "test"), ("user.email", "test@example.org")):
        git(Path(), "config", key, value)
    dvc = [sys.executable, "-m", "dvc"]
    for command in (["init"], ["add", str(model)], ["remote", "add", "--default", "there", str(tmp_path / "there")]):
        subprocess.run([*dvc, *command, "--quiet"], check=True)
    subprocess.run([*dvc, "push", "--quiet"], check=True)
    git(Path(), "add", ".dvc", ".dvcignore", "models", "metrics")
    git(Path(), "commit", "--quiet", "--message", "state")
    tag = f"{registry.FOLDER}=distilbert@v1.0.0"  # as `gto register` names it
    git(Path(), "tag", "--annotate", "--message", "the first", tag)
    got = [*dvc, "artifacts", "get", str(Path.cwd()), f"{registry.FOLDER}:distilbert", "--out", "got"]
    subprocess.run(got, check=True, capture_output=True)
    assert Path("got/weights").read_text(encoding="utf-8") == "of seed 2"
