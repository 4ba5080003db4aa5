"""``metrics/base/<architecture>.json``: what a base checkpoint is, and whether its pretraining helped."""

from typing import TYPE_CHECKING

from stages.core.files import StageFile
from stages.core.types import Strict

if TYPE_CHECKING:
    pass


class BaseReport(StageFile, Strict):
    """``metrics/base/<architecture>.json``. Losses are mean cross-entropies in nats, accuracies fractions.

    ``files`` holds the SHA-256 of every file of the checkpoint, by name. The keys after ``vocab_size`` are measured
    for ``source: pretrain`` alone and None otherwise; ``rating_accuracy`` is None too where no row is rated.
    """

    PLACE = "metrics/base/{}.json"
    STAGE = "base@{}"

    source: str
    revision: str | None
    checkpoint_sha256: str
    files: dict[str, str]
    parameters: int
    vocab_size: int
    steps: int | None = None
    seconds: float | None = None
    mlm_loss_first: float | None = None
    mlm_loss_last: float | None = None
    mlm_loss_unigram: float | None = None
    rating_accuracy: float | None = None
    probe_accuracy: float | None = None
    probe_accuracy_random: float | None = None
