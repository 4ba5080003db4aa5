"""What a study will take before it runs: sizes of its encoders, floating-point operations and bytes on disk.

Rough on purpose: a row counts as ``max_length`` tokens, and of a token's work only the matrix products with weights
count (two operations a weight forward; as many again for the gradients of activations, and of weights where those
train), which leaves out attention's products, dequantisation, the optimiser and start-up.
"""

from typing import Any

from stages.encoders import snapshot
from stages.encoders.settings import HubBase
from stages.fullsize.sizes import known_sizes, sizes_in
from stages.hub import client as hub
from stages.saved.saved_run import MOST_BYTES
from stages.study.params import Params
from stages.training.settings import RunSettings

FP32 = 4  # bytes
COPIES = 2  # in the workspace and in DVC's cache
# A Trainer checkpoint is weights and two moments, and the last two are kept while a run is unfinished.
UNFINISHED = 3 * 2
ADAPTER = 0.03  # of the parameters, at most: rank 16 in every linear layer, and the head
BYTES_A_TOKEN = 4 + 1  # id and attention mask, as `tokenize` stores them
BYTES_A_ROW = 1500  # of text, about IMDb's mean
# Forward; gradients of activations, unless the head alone trains; and gradients of weights where all train.
PASSES_OF_HEAD, PASSES_OF_PART, PASSES_OF_FULL = 1, 2, 3
# What configurations of Transformers call a size.
NAMES = {
    "width": ("hidden_size", "dim", "d_model", "n_embd"),
    "layers": ("num_hidden_layers", "n_layers", "num_layers", "n_layer"),
    "inner": ("intermediate_size", "hidden_dim", "d_ff", "d_inner", "n_inner"),
    "vocabulary": ("vocab_size",),
}


def sizes_of(params: Params, architecture: str) -> dict[str, Any] | None:
    """The sizes that the chosen profile gives an architecture: as ``params.yaml``, a local folder or the cache says.

    None where nothing here does.
    """
    family, base = params.architecture[architecture], params.profiles[params.profile].base
    sizes = known_sizes(architecture, family, base)
    if sizes is None and isinstance(base, HubBase):
        folder = hub.cached(hub.Repository("model", family.hub_id, family.revision), snapshot.FILES)
        sizes = None if folder is None else sizes_in(folder)
    return sizes


def weights(sizes: dict[str, Any] | None) -> tuple[int, int] | None:
    """Parameters of an encoder, roughly, and those of them that a token is multiplied with, once a layer.

    A layer has four projections of attention, of which two may be narrower (grouped queries), and two of the
    feed-forward part; a third one, biases, norms, positions and heads are left out. None where the sizes do not say it.
    """
    known = {}
    for size, names in NAMES.items():
        given = [sizes[name] for name in names if sizes and isinstance(sizes.get(name), int)]
        if not given:
            return None
        known[size] = given[0]
    width, layers, inner = known["width"], known["layers"], known["inner"]
    heads = sizes.get("num_attention_heads")
    grouped = sizes.get("num_key_value_heads") or heads
    of_keys = width * grouped // heads if heads else width
    layer = 2 * width**2 + 2 * width * of_keys + 2 * width * inner
    distinct = sizes.get("num_hidden_groups", layers)  # layers that have weights of their own
    embedded = known["vocabulary"] * sizes.get("embedding_size", width)
    return distinct * layer + embedded, layers * layer


def run_flops(settings: RunSettings, multiplied: int, rows: dict[str, int]) -> float:
    """Operations of one run: training, one evaluation an epoch, and the test.

    Args:
        settings: resolved, of one cell.
        multiplied: parameters that a token is multiplied with (see ``weights``).
        rows: by split.
    """
    evaluated = rows[settings.selection_split] * settings.train.epochs + rows["test"]
    passes_of_row = PASSES_OF_FULL if settings.method == "full" else PASSES_OF_PART
    if settings.method == "subset" and not settings.parameters:
        passes_of_row = PASSES_OF_HEAD
    passes = passes_of_row * rows["train"] * settings.train.epochs + evaluated
    return 2.0 * multiplied * settings.max_length * passes


def checkpoint_bytes(parameters: dict[str, int], source: str) -> int:
    """The base checkpoints, in the hub's cache too if they come from there."""
    return sum(parameters.values()) * FP32 * (COPIES + (source == "hub"))


def data_bytes(rows: dict[str, int], architectures: int, max_length: int, source: str) -> int:
    """Texts, in the hub's cache too if they come from there, and the tokens of every architecture."""
    texts = sum(rows.values()) * BYTES_A_ROW * (COPIES + (source == "hub"))
    tokenised = sum(count for split, count in rows.items() if split != "unsupervised")
    return texts + tokenised * max_length * BYTES_A_TOKEN * architectures * COPIES


def models_bytes(runs: list[tuple[RunSettings, int]], seeds: int, jobs: int) -> int:
    """What every run leaves behind, and what ``jobs`` of them keep while they are unfinished.

    Args:
        runs: settings and parameters of the classifier, one of each configuration and architecture.
        seeds: how many times each is run.
        jobs: runs at once.
    """
    saved = sum(total * ADAPTER if settings.method == "peft" else total for settings, total in runs)
    # A small base lies beside each adapter, and once in the cache, for it is the same bytes.
    on_no_hub = [total for settings, total in runs if settings.adapter and settings.checkpoint_hub_id is None]
    beside = sum(total for total in on_no_hub if total * FP32 <= MOST_BYTES)
    unfinished = max((total for _, total in runs), default=0) * UNFINISHED * jobs
    return round((saved * seeds * COPIES + beside * seeds + unfinished) * FP32)
