"""What an adapter is put on, beside the adapter, so that a copy of the folder loads wherever it lies.

PEFT finds a base by its id on the hub, or by a path that is looked up from the working directory; it knows neither how
many classes a head has nor their names. So ``base/`` has the configuration of the classifier and, for a base that is
on no hub, its weights, as long as they are few. No path of this machine is written: a run's folder is the same bytes
in every clone.
"""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import safe_open
from transformers import PretrainedConfig

from stages.methods.building import plain_model
from stages.saved.saved_run import ADAPTER, BASE, MOST_BYTES, QUANTIZATION
from stages.training.settings import RunSettings

CONFIG, WEIGHTS = "config.json", "model.safetensors"


class Base(NamedTuple):
    """As PEFT and Transformers take it: an id on the hub with a commit, or a path from the project's folder."""

    name: str
    revision: str | None


def put_base_beside(model: torch.nn.Module, settings: RunSettings, checkpoint: Path, folder: Path, place: Path) -> None:
    """Write ``base/`` into ``folder``, and into the adapter's configuration where its base is.

    Args:
        folder: where the adapter has been saved.
        place: where ``folder`` will lie, from the project's folder.
    """
    config = plain_model(model).config
    if getattr(config, "quantization_config", None) is not None:
        as_json = json.dumps(config.quantization_config.to_dict(), indent=2, sort_keys=True)
        (folder / QUANTIZATION).write_text(as_json + "\n", encoding="utf-8")
    (folder / BASE).mkdir()
    without_quantization(config).save_pretrained(folder / BASE)
    base = Base(checkpoint.as_posix(), None)
    if settings.checkpoint_hub_id is not None:
        base = Base(settings.checkpoint_hub_id, settings.checkpoint_revision)
    elif (checkpoint / WEIGHTS).stat().st_size <= MOST_BYTES:
        base = Base((place / BASE).as_posix(), None)
        put_weights_beside(checkpoint / WEIGHTS, folder)
    refer_to(base, folder)


def without_quantization(config: PretrainedConfig) -> PretrainedConfig:
    """The configuration of weights as they are stored; with its quantisation they would be taken for packed ones."""
    fields = {key: value for key, value in config.to_dict().items() if key != "quantization_config"}
    return type(config).from_dict(fields)


def put_weights_beside(weights: Path, folder: Path) -> None:
    """Copy a base's ``weights`` into ``base/`` and have Transformers find them from ``folder`` as well.

    With the configuration in ``folder`` itself and an index that names the weights in ``base/`` it loads them and the
    adapter in one call.
    """
    copied = folder / BASE / WEIGHTS
    if not copied.exists():
        shutil.copyfile(weights, copied)
    shutil.copyfile(folder / BASE / CONFIG, folder / CONFIG)
    with safe_open(copied, framework="pt") as tensors:
        names = sorted(tensors.keys())
    index = {
        "metadata": {"total_size": copied.stat().st_size},
        "weight_map": dict.fromkeys(names, f"{BASE}/{WEIGHTS}"),
    }
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def refer_to(base: Base, folder: Path) -> None:
    """Say in the adapter's configuration where its base is; in PEFT's own format.

    Not before saving: PEFT would ask the hub for a base that is there.
    """
    path = folder / ADAPTER
    adapter = json.loads(path.read_text(encoding="utf-8"))
    adapter |= {"base_model_name_or_path": base.name, "revision": base.revision}
    path.write_text(json.dumps(adapter, indent=2, sort_keys=True), encoding="utf-8")
