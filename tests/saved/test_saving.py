import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file
from transformers import AutoConfig, AutoTokenizer

from stages.saved.saving import as_column, copy_tokenizer
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study
from tests.helpers.word_tokenizer import CLS, SEP, SPECIAL, WORDS, write_tokenizer

pytestmark = pytest.mark.usefixtures("in_empty_folder")
ODD = ['a "quoted" name', "naïve ✓ 中文", "back\\slash | `code` </b>"]


def test_adapter_refers_to_its_base_and_tokenizer():
    write_study("roberta")
    run("roberta", "lora-ffn")
    folder = model_path("roberta", "lora-ffn")
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "models/runs/roberta/lora-ffn/42/base"
    assert config["revision"] is None
    assert config["target_modules"] == ["intermediate.dense", "output.dense", "query", "value"]  # in this order
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer("w1 w2")["input_ids"] == AutoTokenizer.from_pretrained("models/base/roberta")("w1 w2")["input_ids"]
    assert any("lora_A" in name for name in load_file(folder / "adapter_model.safetensors"))


@pytest.mark.parametrize("own", [None, "left", "right"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_saved_tokenizer_cuts_where_the_run_s_texts_were_cut(own, side):
    """Whatever the checkpoint's own would do; the same bytes where that does the same."""
    checkpoint, folder = Path("checkpoint"), Path("run")
    write_tokenizer(checkpoint)
    folder.mkdir()
    config = json.loads((checkpoint / "tokenizer_config.json").read_text(encoding="utf-8"))
    config |= {"truncation_side": own} if own else {}
    (checkpoint / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    copy_tokenizer(checkpoint, folder, side)
    ids = AutoTokenizer.from_pretrained(folder)("good film a very", truncation=True, max_length=3)["input_ids"]
    words = {"left": "very", "right": "good"}
    assert ids == [CLS, (SPECIAL + WORDS).index(words[side]), SEP]
    is_same = (own or "right") == side
    written = [(place / "tokenizer_config.json").read_bytes() for place in (checkpoint, folder)]
    assert (written[0] == written[1]) == is_same


@pytest.mark.parametrize("configuration", ["full", "lora-ffn", "qlora-ffn"])
def test_a_folder_says_what_its_classes_are_called(configuration):
    write_study("deberta", ODD)
    run("deberta", configuration)
    config = AutoConfig.from_pretrained(model_path("deberta", configuration))
    assert config.id2label == dict(enumerate(ODD))
    assert config.label2id == {name: index for index, name in enumerate(ODD)}


@pytest.mark.parametrize("configuration", ["full", "qlora-ffn", "ia3"])
def test_a_folder_is_the_same_bytes_wherever_and_whenever_it_was_made(configuration, tmp_path, monkeypatch):
    found = []
    for name in ("here", "elsewhere"):
        place = tmp_path / name
        place.mkdir()
        monkeypatch.chdir(place)
        write_study("distilbert")
        run("distilbert", configuration)
        folder = model_path("distilbert", configuration)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        found.append({path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
        assert [path for path, content in found[-1].items() if str(tmp_path).encode() in content] == []
    assert found[0] == found[1]


def test_a_column_is_its_values():
    assert as_column(np.array([0.5, 0.25])).to_pylist() == [0.5, 0.25]
    assert as_column(np.array([3, 1, 2])).to_pylist() == [3, 1, 2]
