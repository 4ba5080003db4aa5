import random
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.study.params import load_params
from stages.study.resolve import resolve_run
from stages.training import checkpoints
from stages.training.checkpoints import ORIGIN, WHOLE, fingerprint, last, load, open_folder, save
from stages.training.optimisation import make_optimizer
from stages.training.record import Epoch
from stages.training.settings import Run, RunSettings
from tests.helpers.tiny_study import ROOT

RUN = Run(architecture="distilbert", configuration="full", seed=42, role="train")
FOLDER = Path("models/.checkpoints/distilbert/full/42")


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def write_checkpoint(step: int, whole: bool) -> None:
    folder = FOLDER / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_text("weights")
    if whole:
        (folder / WHOLE).touch()


def test_new_folder_has_no_checkpoint():
    assert open_folder(RUN, "a") == FOLDER
    assert last(FOLDER) is None
    assert (FOLDER / ORIGIN).read_text() == "a"


def test_last_whole_checkpoint_of_the_same_origin_is_kept():
    open_folder(RUN, "a")
    write_checkpoint(3, whole=True)
    write_checkpoint(6, whole=False)
    assert last(open_folder(RUN, "a")) == FOLDER / "checkpoint-3"
    assert not (FOLDER / "checkpoint-6").exists()


def test_checkpoints_of_another_origin_are_dropped():
    open_folder(RUN, "a")
    write_checkpoint(3, whole=True)
    assert last(open_folder(RUN, "b")) is None
    assert [path.name for path in FOLDER.iterdir()] == [ORIGIN]


def test_last_is_by_number_not_by_name():
    for step in (9, 100, 20):
        write_checkpoint(step, whole=True)
    assert last(FOLDER) == FOLDER / "checkpoint-100"


def told(optimizer: str) -> RunSettings:
    settings = resolve_run(load_params(ROOT / "params.yaml"), "distilbert", "full")
    return settings.model_copy(update={"optimizer": optimizer, "learning_rate": 1e-2})


@pytest.mark.parametrize("name", ["adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit"])
def test_loaded_state_is_the_saved_one(name):
    """Two further steps from a loaded checkpoint end where they would have ended, to the bit."""
    torch.manual_seed(0)
    model = torch.nn.Linear(80, 80)
    weights, scaler = dict(model.named_parameters()), torch.amp.GradScaler("cpu", enabled=False)
    optimizer = make_optimizer(told(name), model)
    curve = [Epoch(epoch=1, train_loss=0.5, selection_loss=0.1 + 0.2, selection_accuracy=0.75)]
    steps(model, optimizer)
    save(FOLDER / "checkpoint-2", weights, optimizer, scaler, curve)
    steps(model, optimizer)
    expected = [p.detach().clone() for p in model.parameters()]
    again = torch.nn.Linear(80, 80)
    optimizer = make_optimizer(told(name), again)
    assert load(FOLDER / "checkpoint-2", dict(again.named_parameters()), optimizer, scaler) == curve
    steps(again, optimizer)
    assert all(map(torch.equal, again.parameters(), expected))
    assert {file.suffix for file in (FOLDER / "checkpoint-2").iterdir()} == {".safetensors", ".json", ""}


def test_every_tensor_comes_back_to_the_device_where_it_was():
    """No optimiser moves what is not keyed by a parameter: LoRA-FA's moments, and AdaLoRA's ranks are in none."""
    taken: dict[str, torch.Tensor] = {}
    state = {"layer": {"moment": torch.ones(2, device="cpu")}}
    noted = checkpoints._take_tensors(state, "method", taken)
    assert noted["pairs"][0][1]["pairs"][0][1] == {"tensor": "method.layer.moment", "device": "cpu"}
    noted["pairs"][0][1]["pairs"][0][1]["device"] = "meta"
    assert checkpoints._put_tensors(noted, taken)["layer"]["moment"].is_meta


def test_a_run_on_one_of_four_gpus_goes_on_where_there_is_one(monkeypatch):
    """Generators of four devices, of which this process computes on the first."""
    generators = [torch.Generator().manual_seed(seed).get_state() for seed in range(4)]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: generators)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda: generators[0])
    model = torch.nn.Linear(2, 2)
    optimizer, scaler = torch.optim.AdamW(model.parameters()), torch.amp.GradScaler("cpu", enabled=False)
    save(FOLDER / "checkpoint-1", dict(model.named_parameters()), optimizer, scaler, [])
    one = [torch.Generator().get_state()]

    def set_all(states: list[torch.Tensor]) -> None:
        for index, state in enumerate(states):
            one[index] = state  # as torch: there is no such device

    monkeypatch.setattr(torch.cuda, "set_rng_state_all", set_all)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state: set_all([state]))
    load(FOLDER / "checkpoint-1", dict(model.named_parameters()), optimizer, scaler)
    assert torch.equal(one[0], generators[0])


def steps(model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Two steps on inputs from the generators that a checkpoint holds."""
    for _ in range(2):
        x = torch.rand(4, 80) + np.random.rand() + random.random()
        model(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()


def test_fingerprint_tells_parts_apart():
    assert fingerprint("a", "bc") == fingerprint("a", "bc")
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
