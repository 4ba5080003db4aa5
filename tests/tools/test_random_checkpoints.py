import json
import os
import shutil
from pathlib import Path

import pytest
import torch
import transformers

from stages import base, settings, tokenize
from stages.core.errors import InputError
from stages.encoders.snapshot import hashes
from stages.fullsize.census import Census
from stages.fullsize.sizes import encoder_sizes
from stages.study.params import load_params
from stages.training.record import Record
from stages.training.run import fine_tune
from tests.helpers.raw_splits import BINARY, write_raw
from tests.helpers.snapshots import reviews
from tests.helpers.tiny_study import ROOT, write_params
from tools import random_checkpoints

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_data() -> None:
    for split, rows in (("train", 32), ("validation", 16), ("test", 16)):
        write_raw(split, reviews(split, rows).to_dict("list"), BINARY)


def test_every_stage_takes_them_as_a_local_base(capsys):
    write_params(
        Path(),
        **{
            "profile": "paper",
            "profiles.paper.base": {"source": "local", "path": "made"},
            "profiles.paper.tokenize.max_length": 32,
            "profiles.paper.train.threads": 1,
        },
    )
    write_data()
    random_checkpoints.main(Path("made"), miniature=True)
    assert capsys.readouterr().out.startswith("made/distilbert: ")
    settings.main()
    for name in ("distilbert", "roberta", "deberta"):
        base.main(name)
        tokenize.main(name)
        fine_tune(name, "qlora-ffn", 42)
        assert Record.read_from(Path(f"metrics/runs/{name}/qlora-ffn/42.json")).parameters.new_but_frozen == 0
        report = json.loads(Path(f"metrics/base/{name}.json").read_text(encoding="utf-8"))
        assert (report["source"], report["revision"]) == ("local", None)
        assert report["files"] == {file: hashes(Path("made", name))[file] for file in report["files"]}


def test_the_same_bytes_each_time():
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    write_params(Path(), architectures=["roberta"])
    write_data()
    for name in ("one", "two"):
        random_checkpoints.main(Path(name), miniature=True)
    assert hashes(Path("one/roberta")) == hashes(Path("two/roberta"))


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
def test_full_size_is_the_censuss(architecture):
    family = load_params(ROOT / "params.yaml").architecture[architecture]
    model_class = getattr(transformers, family.model_class)
    with torch.device("meta"):
        model = model_class(model_class.config_class(**encoder_sizes(family)))
    counted = Census.read_from(ROOT / "metrics/census.json").root["corrected"][architecture]["full"]
    assert sum(parameter.numel() for parameter in model.parameters()) == counted.total


def test_too_little_disk_writes_nothing(monkeypatch):
    shutil.copy(ROOT / "params.yaml", "params.yaml")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**12, 10**12, 10**8))
    with pytest.raises(InputError, match=r"^made/distilbert: a checkpoint takes 0\.27 GB; free: 0\.10 GB$"):
        random_checkpoints.main(Path("made"))
    assert not os.path.exists("made")
