"""census: the study at full size on the meta device -> metrics/census.json. No weights, no download."""

import argparse
import warnings

import transformers

from stages.core.errors import run_stage
from stages.encoders.settings import FullSize
from stages.fullsize.census import Census, CensusCell
from stages.fullsize.models import meta_model, model_config
from stages.fullsize.peak_memory import backward, predict
from stages.fullsize.settings import CensusSettings
from stages.training.audit import audit, checkpoint_name, parameter_counts
from stages.training.settings import RunSettings

# All that decides a cell's shapes and memory: cells that agree in these are computed once.
DECIDING = {
    "architecture", "method", "target_modules", "feedforward_modules", "rank", "modules_to_save", "max_length",
    "gradient_checkpointing", "precision", "optimizer", "train", "dropout",
}  # fmt: skip


def main() -> None:
    """Count every cell under every protocol, and predict its memory."""
    transformers.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    warnings.filterwarnings("ignore", message="torch.utils.checkpoint: the use_reentrant parameter")
    settings = CensusSettings.read()
    census = take_census(settings.runs, settings.full_size)
    census.write()
    cells = sum(len(configurations) for grid in census.root.values() for configurations in grid.values())
    print(f"{cells} cells of {len(census.root)} protocols in {Census.path()}")


def take_census(runs: dict[str, dict[str, dict[str, RunSettings]]], full_size: dict[str, FullSize]) -> Census:
    """Every cell of every protocol; see ``CensusSettings``."""
    known: dict[str, CensusCell] = {}
    census = {}
    for protocol, architectures in runs.items():
        census[protocol] = {name: {} for name in architectures}
        for name, configurations in architectures.items():
            for configuration, settings in configurations.items():
                unused = {"modules_to_save"} if settings.method == "full" else set()  # a matter of adapters
                key = settings.model_dump_json(include=DECIDING - unused)
                if key not in known:
                    known[key] = count_cell(settings, full_size[name])
                census[protocol][name][configuration] = known[key]
    return Census(census)


def count_cell(settings: RunSettings, sizes: FullSize) -> CensusCell:
    """One model: the audit of a real run after a backward pass, then its memory at the longest batch."""
    config = model_config(settings, sizes)
    model, new_weights = meta_model(settings, config)
    backward(model.train(), settings.train.batch_size, settings.max_length)
    counts = parameter_counts(model, audit(model, new_weights, settings.head), new_weights, settings.head)
    stored = {checkpoint_name(name): p.numel() for name, p in model.named_parameters()}
    return CensusCell(
        **counts.model_dump(),
        total_packed_4bit=sum(stored.values()),
        precision=settings.precision,
        predicted_memory=predict(settings, config, settings.train.batch_size, settings.max_length, "cuda", model),
    )


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main)
