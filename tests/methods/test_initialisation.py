from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForSequenceClassification

from stages.core.errors import InputError
from stages.methods.building import build_model
from stages.training.run import open_split
from stages.training.settings import RunSettings
from tests.helpers.methods import NAME, refusal, train, weights, write_method
from tests.helpers.raw_splits import BINARY
from tests.training.test_run import InterruptedRunError, interrupt_at

pytestmark = pytest.mark.usefixtures("in_empty_folder")
LORA = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
RUN, BASE = Path("models/runs/roberta", NAME, "42"), Path("models/base/roberta")
RANKS = {"rank_pattern": {"query": 4}, "alpha_pattern": {"query": 2}}


def started(init: object, **more: object) -> dict:
    return LORA | {"init_lora_weights": init, **more}


@pytest.mark.parametrize("init", ["eva", "corda", "lora_ga"])
def test_what_starts_from_data_does(init, monkeypatch):
    """Other weights than a start at random, and other ones from other data."""
    write_method(started(init))
    train()
    from_data = weights()
    write_method(LORA)
    train()
    assert weights() != from_data
    write_method(started(init))
    train()
    assert weights() == from_data
    interrupt_at(7, monkeypatch)
    with pytest.raises(InterruptedRunError):
        train()
    train()
    assert weights() == from_data


def reloaded_difference() -> float:
    settings = RunSettings.read("roberta", NAME)
    model = PeftModel.from_pretrained(AutoModelForSequenceClassification.from_pretrained(BASE, num_labels=2), RUN)
    test = open_split(settings, Path("data/tokenized/roberta/test"), model)
    batch = next(test.batches(torch.arange(len(test)).numpy(), len(test)))
    with torch.inference_mode():
        logits = model.eval()(input_ids=batch.input_ids, attention_mask=batch.attention_mask).logits
    expected = torch.tensor(pq.read_table(RUN / "predictions.parquet")["probability_1"].to_pylist())
    return float((logits.double().softmax(dim=1)[:, 1] - expected).abs().max())


@pytest.mark.parametrize("init", ["pissa", "pissa_niter_2", "olora", "corda", "lora_ga", "eva"])
@pytest.mark.parametrize(
    "more", [{}, {"use_rslora": True}, {"rank_pattern": {"query": 4}, "alpha_pattern": {"query": 2}}]
)
def test_an_adapter_that_changed_the_weights_below_it_loads_onto_them_as_they_were(init, more):
    write_method(started(init, **more))
    train()
    assert reloaded_difference() < 1e-5


def test_without_training_an_adapter_has_its_shape_alone():
    write_method(started("corda"))
    settings = RunSettings.read("roberta", NAME)
    shapes = {name: p.shape for name, p in build_model(settings, BASE, BINARY).model.named_parameters()}
    write_method(LORA)
    plain = build_model(RunSettings.read("roberta", NAME), BASE, BINARY).model
    assert shapes == {name: p.shape for name, p in plain.named_parameters()}


@pytest.mark.skipif(torch.cuda.is_available(), reason="LoftQ computes on the GPU that is here")
def test_loftq_without_a_gpu_is_refused():
    assert refusal(started("loftq", loftq_config={"loftq_bits": 4})) == (
        "adapter.init_lora_weights: 'loftq': computed on a CUDA device, of which there is none here"
    )


def test_eva_of_batches_with_fewer_tokens_than_components_is_refused():
    """PEFT would wait for them for ever."""
    write_method(started("eva", r=16, eva_config={"rho": 100.0}))
    with pytest.raises(InputError, match=r"^adapter\.init_lora_weights: 'eva': 1600 components"):
        train()
