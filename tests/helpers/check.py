"""What ``make check`` looks at, planted: a machine, a disk, a census, the hub's cache."""

import shutil
from pathlib import Path

from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.hub import client as hub
from stages.study.params import load_params
from tests.helpers.snapshots import fill_cache, reviews, write_dataset, write_snapshot
from tools import check
from tools.machine import Machine

CPU = Machine("no GPU, 2 CPU cores", False, 8 * 10**9, 1e11)
GPU = Machine("A GPU", True, 80 * 10**9, 5e13)


def unreached(repository: hub.Repository) -> dict[str, int]:
    raise hub.HubError("ConnectError")


def write_census() -> None:
    """Peaks of 2, 3 and 4 GB for full fine-tuning of the three architectures, 1 GB less for anything else."""
    params = load_params()
    counts = dict.fromkeys(("trainable", "total", "total_packed_4bit", "adapter", "head"), 1000)
    counts |= {"new_but_frozen": 0, "trainable_but_dead": 0}
    parts = dict.fromkeys(("weights", "gradients", "optimizer", "activations"), 0)
    cells = {
        architecture: {
            name: CensusCell(
                **counts,
                precision="fp32",
                predicted_memory=PredictedMemory(**parts, peak=(index + name.startswith("full")) * 10**9),
            )
            for name in params.configurations + params.probes
        }
        for index, architecture in enumerate(params.architectures, start=1)
    }
    Census(dict.fromkeys(params.protocols, cells)).write()


def free(monkeypatch, count: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**13, 10**13, count))


def run_check(
    monkeypatch, capsys, host: Machine = CPU, profile: str | None = None, told: str = "1"
) -> tuple[bool, list[str]]:
    """Whether all is at hand, and the printed lines with single spaces."""
    monkeypatch.setattr(check, "measure", lambda precision, device: host)
    complete = check.main(profile, told=told)
    return complete, [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def fill_hub_cache(cache: Path) -> None:
    """The paper profile's data and checkpoints, as if they had been downloaded."""
    params = load_params()
    data = params.profiles["paper"].data
    write_dataset(Path("imdb"), reviews("train", 20), reviews("test", 6), reviews("unsupervised", 4))
    fill_cache(cache, "dataset", data.hub_id, data.revision, Path("imdb"))
    for name in params.architectures:
        write_snapshot(Path("published", name), name)
        family = params.architecture[name]
        fill_cache(cache, "model", family.hub_id, family.revision, Path("published", name))
