"""What a study will take before it runs: sizes of its encoders, floating-point operations and bytes on disk.

Rough on purpose: a row counts as ``max_length`` tokens, and of a token's work only the matrix products with weights
count (two operations a weight forward; as many again for the gradients of activations, and of weights where those
train), which leaves out attention's products, dequantisation, the optimiser and start-up.
"""

from typing import Any

from stages.encoders.settings import Architecture, PretrainedBase
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
PASSES_OF_PART, PASSES_OF_FULL = 2, 3  # forward, gradients of activations; and gradients of weights where all train


def encoder_sizes(family: Architecture, miniature: int | None = None) -> dict[str, Any]:
    """Keywords of the configuration class: the published sizes, or the miniature's with ``miniature`` tokens."""
    if miniature is None:
        return dict(family.full_size)
    sizes = family.full_size | family.miniature | {"vocab_size": miniature}
    if "pooler_hidden_size" in sizes:
        sizes["pooler_hidden_size"] = sizes["hidden_size"]
    return sizes


def sizes_of(params: Params, architecture: str) -> dict[str, Any]:
    """The sizes that the chosen profile gives an architecture; a local folder's are taken to be the published ones."""
    base = params.profiles[params.profile].base
    miniature = base.vocab_size if isinstance(base, PretrainedBase) else None
    return encoder_sizes(params.architecture[architecture], miniature)


def weights(sizes: dict[str, Any]) -> tuple[int, int]:
    """Parameters of an encoder, within a few per cent, and those of them that a token is multiplied with.

    A layer has four projections of attention and two of the feed-forward part; biases, norms, positions and heads are
    left out.
    """
    width = sizes.get("hidden_size", sizes.get("dim"))
    layers = sizes.get("num_hidden_layers", sizes.get("n_layers"))
    inner = sizes.get("intermediate_size", sizes.get("hidden_dim"))
    multiplied = layers * (4 * width**2 + 2 * width * inner)
    return multiplied + sizes["vocab_size"] * width, multiplied


def run_flops(settings: RunSettings, multiplied: int, rows: dict[str, int]) -> float:
    """Operations of one run: training, one evaluation an epoch, and the test.

    Args:
        settings: resolved, of one cell.
        multiplied: parameters that a token is multiplied with (see ``weights``).
        rows: by split.
    """
    evaluated = rows[settings.selection_split] * settings.train.epochs + rows["test"]
    passes_of_row = PASSES_OF_FULL if settings.method == "full" else PASSES_OF_PART
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
    unfinished = max(total for _, total in runs) * UNFINISHED * jobs
    return round((saved * seeds * COPIES + beside * seeds + unfinished) * FP32)
