"""The census: parameters counted and memory predicted for every cell of every protocol that the study uses."""

from transformers import PretrainedConfig

from stages.encoders.settings import FullSize
from stages.fullsize.census import Census, CensusCell, CensusHole
from stages.fullsize.models import made_with_data, meta_model, model_config
from stages.fullsize.peak_memory import backward, predict
from stages.fullsize.shapes import elementwise_by_kernels
from stages.methods.audit import audit, checkpoint_name, parameter_counts
from stages.methods.building import Loaded
from stages.methods.quantization import autocast_dtype
from stages.training.settings import RunSettings

# All that decides a cell's shapes and memory: cells that agree in these are computed once.
DECIDING = {
    "architecture", "method", "target_modules", "adapter", "parameters", "quantization", "modules_to_save",
    "max_length", "gradient_checkpointing", "precision", "optimizer", "train",
}  # fmt: skip

LONGEST_REASON = 300  # characters


def take_census(runs: dict[str, dict[str, dict[str, RunSettings]]], full_size: dict[str, FullSize]) -> Census:
    """Every cell of every protocol; see ``CensusSettings``."""
    elementwise_by_kernels()
    known: dict[str, CensusCell | CensusHole] = {}  # by what decides a cell
    census = {}
    for protocol, architectures in runs.items():
        census[protocol] = {name: {} for name in architectures}
        for architecture, configurations in architectures.items():
            for configuration, settings in configurations.items():
                key = deciding(settings)
                if key not in known:
                    known[key] = counted(settings, full_size[architecture])
                census[protocol][architecture][configuration] = known[key]
    return Census(census)


def deciding(settings: RunSettings) -> str:
    """What decides a cell, as one text."""
    unused = {"modules_to_save"} if settings.method == "full" else set()  # a matter of adapters
    return settings.model_dump_json(include=DECIDING - unused)


def counted(settings: RunSettings, sizes: FullSize) -> CensusCell | CensusHole:
    """One cell, or why it cannot be counted.

    Any method of PEFT on any architecture comes here, and what stands in the way is theirs: a run needs no census, so
    no error of one cell may end a study.
    """
    try:
        return count_cell(settings, sizes)
    except Exception as error:
        words = " ".join(str(error).split()) or "no reason given"
        return CensusHole(reason=f"{type(error).__name__}: {words}"[:LONGEST_REASON])


def count_cell(settings: RunSettings, sizes: FullSize) -> CensusCell:
    """One model: the audit of a real run after a backward pass, then its memory at the longest batch."""
    config = model_config(settings, sizes)
    model, new_weights, head = backed(settings, config)
    counts = parameter_counts(model, audit(model, new_weights, head), head)
    stored = {checkpoint_name(name): p.numel() for name, p in model.named_parameters()}
    return CensusCell(
        **counts.model_dump(),
        total_packed_4bit=sum(stored.values()),
        precision=settings.precision,
        predicted_memory=predict(settings, config, settings.train.batch_size, settings.max_length, "cuda", model),
    )


def backed(settings: RunSettings, config: PretrainedConfig) -> Loaded:
    """The model after a backward pass at the longest batch; one that needs data when it is first called gets them."""
    batch, length, dtype = settings.train.batch_size, settings.max_length, autocast_dtype(settings)
    loaded = meta_model(settings, config)
    try:
        backward(loaded.model.train(), batch, length, dtype)
    except RuntimeError as refusal:
        loaded = made_with_data(settings, config, refusal)
        backward(loaded.model.train(), batch, length, dtype)
    return loaded
