"""Where the benchmark's runs are made: random weights, random texts of IMDb's lengths, settings changed at will."""

from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from stages.fullsize.settings import FULL_SIZE_PROFILE
from stages.study.grid import StudySettings
from stages.study.params import Params
from stages.training.record import Record
from stages.training.run import fine_tune
from stages.training.settings import Run, RunSettings
from tools.benchmarks.common import full_size
from tools.benchmarks.common.results import MeasuredMachine

KINDS = ("full", "lora-ffn", "qlora-ffn", "ia3")  # a configuration for each way to train that the grid has
TINY_VOCABULARY = 2000


class Sizes(NamedTuple):
    """How much is done: of the real thing on a GPU, or of a tiny one that shows that every part works."""

    name: str
    rows: int  # texts of each split
    warm_up: int  # steps before any is timed, enough to meet every width
    steps: int  # that are timed
    profiled: int
    peers: int  # texts of each split where recipes are compared
    whole: dict[str, int]  # texts of the splits of a whole run


PUBLISHED = Sizes("published", 128, 24, 24, 2, 512, full_size.IMDB)
TINY = Sizes("tiny", 16, 1, 1, 1, 16, {"train": 32, "validation": 16, "test": 16})


class Bench(NamedTuple):
    """What every part is given."""

    workspace: Path
    study: StudySettings
    machine: MeasuredMachine
    device: str
    sizes: Sizes

    def run(self, architecture: str, configuration: str) -> Run:
        return Run(architecture=architecture, configuration=configuration, seed=self.study.seeds[0], role="train")

    @property
    def cells(self) -> list[Run]:
        return [self.run(a, c) for c in KINDS for a in self.study.architectures]


def shrunk(params: Params) -> Params:
    """The same architectures with the sizes of their miniatures, on one thread."""
    small = {}
    for name, family in params.architecture.items():
        sizes = family.full_size | family.miniature | {"vocab_size": TINY_VOCABULARY}
        if "pooler_hidden_size" in sizes:
            sizes["pooler_hidden_size"] = sizes["hidden_size"]
        small[name] = family.model_copy(update={"full_size": sizes})
    profile = params.profiles[FULL_SIZE_PROFILE]
    train = profile.train.model_copy(update={"threads": 1, "evaluation_batch_size": 16, "precision": "fp32"})
    profiles = params.profiles | {FULL_SIZE_PROFILE: profile.model_copy(update={"train": train})}
    return params.model_copy(update={"architecture": small, "profiles": profiles})


@contextmanager
def changed(workspace: Path, run: Run, changes: Mapping[str, Any]) -> Iterator[RunSettings]:
    """The run's settings file with ``changes`` in it for a while; those of ``train`` are given by a dictionary."""
    path = workspace / RunSettings.path(run.architecture, run.configuration)
    before = path.read_bytes()
    fields = RunSettings.read_from(path).model_dump()
    settings = RunSettings.model_validate(
        fields | dict(changes) | {"train": fields["train"] | changes.get("train", {})}
    )
    settings.write_to(path)
    try:
        yield settings
    finally:
        path.write_bytes(before)


def trained(workspace: Path, run: Run) -> Record:
    """The record of the run, made in this process."""
    with chdir(workspace):
        fine_tune(run.architecture, run.configuration, run.seed)
        return Record.read_from(run.record_path)
