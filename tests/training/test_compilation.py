import numpy as np
import pytest
import torch

from stages.study.params import load_params
from stages.study.resolve import resolve_run
from stages.training.batching import Split
from stages.training.compilation import StepGraphs, compile_steps, replayed
from tests.helpers.tiny_study import ROOT

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU, and TEST_GPU=1")


def told(configuration: str = "full", **changes):
    settings = resolve_run(load_params(ROOT / "params.yaml"), "roberta", configuration)
    train = settings.train.model_copy(update={"compile": changes.pop("compile", "graphs")})
    return settings.model_copy(update={"train": train, **changes})


def step(batch, share):
    return torch.zeros(())


@pytest.mark.parametrize(
    ("settings", "varies"),
    [
        (told(compile="none"), False),
        (told(), True),
        (told(gradient_checkpointing=True), False),
        (told("qlora-ffn", quantization="int8"), False),
    ],
)
def test_steps_that_are_not_alike_stay_as_they_are(settings, varies, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert replayed(step, settings, varies, []) is step


def test_others_are_replayed_where_there_is_a_gpu(monkeypatch):
    monkeypatch.setattr("stages.training.compilation.StepGraphs", lambda *given: given)
    for there in (True, False):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert replayed(step, told("qlora-ffn"), False, [1]) == ((step, [1]) if there else step)


def test_the_model_of_graphs_is_the_model():
    model = torch.nn.Linear(2, 2)
    assert compile_steps(model, "graphs") is compile_steps(model, "none") is model


@needs_gpu
def test_replayed_steps_are_the_steps_themselves():
    """Losses and gradients of batches of two widths with dropout, whose masks are the same."""
    found = []
    for graphs in (False, True):
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Embedding(9, 8), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2)).cuda()

        def step(batch, share, model=model):
            logits = model(batch.input_ids).mean(dim=1)
            loss = torch.nn.functional.cross_entropy(logits, batch.labels) / share
            loss.backward()
            return loss.detach()

        lengths = np.array([3, 3, 5, 5])
        split = Split(torch.randint(1, 9, (4, 5)).cuda(), lengths, np.array([0, 1, 0, 1]))
        take = StepGraphs(step, list(model.parameters())) if graphs else step
        torch.manual_seed(1)
        losses = [float(take(batch, 2)) for _ in range(3) for batch in split.batches(np.arange(4), 2)]
        found.append((losses, [parameter.grad.clone() for parameter in model.parameters()]))
    torch.cuda.set_stream(torch.cuda.default_stream())
    torch.testing.assert_close(found[0], found[1])
