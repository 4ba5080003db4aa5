import re
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from stages.core.errors import InputError
from stages.saved.loading import load_saved
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study
from tools import merge

pytestmark = pytest.mark.usefixtures("in_empty_folder")
CLASSES = ["bad", "fair", "good"]


@pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"])
@pytest.mark.parametrize("configuration", ["lora-ffn", "ia3"])
def test_a_merged_run_is_a_whole_model_that_predicts_the_same(architecture, configuration, capsys):
    write_study(architecture, CLASSES)
    run(architecture, configuration)
    capsys.readouterr()
    merge.main(f"{architecture}/{configuration}/42", "merged")
    said = re.fullmatch(
        r"(.*): the same as the adapter on its base: at most (.*) between .*\n", capsys.readouterr().out
    )
    assert said[1] == str(Path("merged").absolute())
    assert float(said[2]) <= 1e-5
    names = {file.name for file in Path("merged").iterdir()}
    assert names == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    merged = AutoModelForSequenceClassification.from_pretrained("merged").eval()
    assert merged.config.id2label == dict(enumerate(CLASSES))
    ids = AutoTokenizer.from_pretrained("merged")(["w1 w2 w9 w30"], return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        apart = load_saved(model_path(architecture, configuration))(input_ids=ids).logits
        assert torch.allclose(merged(input_ids=ids).logits, apart, atol=1e-5)


def with_adapter(adapter: dict) -> None:
    write_study("distilbert", **{"configuration.ia3.adapter": adapter, "configuration.ia3.target": "attention"})
    run("distilbert", "ia3")


def test_a_method_that_peft_cannot_merge_is_refused():
    """A dropped-in gate that depends on the input has no place in a weight."""
    with_adapter({"peft_type": "LORA", "r": 4, "use_dora": False, "lora_bias": False})
    model = load_saved(model_path("distilbert", "ia3"))

    def refuse(**_):
        raise NotImplementedError("cannot be merged\n  with its base")

    model.base_model.merge_and_unload = refuse
    with pytest.raises(InputError) as error:
        merge.merge(model, "a/b/1")
    assert str(error.value) == (
        "RUN: a/b/1: LORA cannot be merged: NotImplementedError: cannot be merged with its base"
    )


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ("full", "RUN: roberta/full/42: nothing to merge, its weights are whole; copy models/runs/roberta/full/42"),
        (
            "qlora-ffn",
            "RUN: roberta/qlora-ffn/42: not merged: its base is in nf4, which would round what is added to it",
        ),
    ],
)
def test_what_is_not_to_be_merged_is_refused_in_one_line(configuration, message):
    write_study("roberta")
    run("roberta", configuration)
    with pytest.raises(InputError) as error:
        merge.main(f"roberta/{configuration}/42", "merged")
    assert str(error.value) == message
    assert not Path("merged").exists()


def test_a_difference_is_said(monkeypatch, capsys):
    write_study("roberta")
    run("roberta", "ia3")
    inner = merge.merge

    def shifted(model, name):
        merged = inner(model, name)
        with torch.no_grad():
            merged.classifier.out_proj.bias[0] += 1
        return merged

    monkeypatch.setattr(merge, "merge", shifted)
    capsys.readouterr()
    merge.main("roberta/ia3/42", "merged")
    assert ": NOT the same as the adapter on its base: at most 0.2 between" in capsys.readouterr().out
