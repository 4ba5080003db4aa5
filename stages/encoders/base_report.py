"""``metrics/base/<architecture>.json``: what a base checkpoint is, and whether its pretraining helped."""

from typing import Self

from pydantic import Field

from stages.core.errors import InputError
from stages.core.files import StageFile
from stages.core.types import Revision, Strict
from stages.encoders.settings import BaseSettings, HubBase, PackageBase, PretrainedBase, Sha256, is_none

# Keys of the report, those from ``parameters`` on, as far as a source of checkpoints knows them.
Measured = dict[str, float | int | None]
# Held-out tokens, and rows that the probe is scored on, below which chance and little data decide more than how the
# encoder was pretrained: nothing is refused then.
LEAST_TOKENS, LEAST_ROWS = 1000, 100


class ConvertedFrom(Strict):
    """The pickle that weights were made from: its name, its SHA-256 as published, its commit where a hub has it."""

    file: str
    sha256: Sha256
    revision: Revision | None


class BaseReport(StageFile, Strict):
    """``metrics/base/<architecture>.json``. Losses are mean cross-entropies in nats, accuracies fractions.

    ``package`` is the Python package that brought it, with its version, ``licence`` what its model card or else the
    package says; None for another source. ``converted_from`` is the pickle that the weights were made from, whose own
    hash is then ``checkpoint_sha256``; None where they are as published or made here. ``files`` holds the SHA-256 of
    every file of the checkpoint, by name. The keys after ``vocab_size`` are measured for ``source: pretrain`` alone and
    None otherwise. None too are ``rating_accuracy`` where no row is rated, the losses where the held-out rows have no
    token to predict, and the probe's accuracies where it has nothing to read.
    """

    PLACE = "metrics/base/{}.json"
    STAGE = "base@{}"

    source: str
    revision: str | None
    package: str | None = None
    licence: str | None = None
    checkpoint_sha256: str
    converted_from: ConvertedFrom | None = Field(default=None, exclude_if=is_none)
    files: dict[str, str]
    parameters: int
    vocab_size: int
    steps: int | None = None
    seconds: float | None = None
    mlm_loss_first: float | None = None
    mlm_loss_last: float | None = None
    mlm_loss_unigram: float | None = None
    mlm_tokens: int | None = None  # held out, that the losses are means over
    rating_accuracy: float | None = None
    probe_accuracy: float | None = None
    probe_accuracy_random: float | None = None
    probe_rows: int | None = None  # of validation, that it is scored on

    @classmethod
    def of(
        cls,
        settings: BaseSettings,
        files: dict[str, str],
        measured: Measured,
        licence: str | None = None,
        converted_from: ConvertedFrom | None = None,
    ) -> Self:
        """The report of a checkpoint whose files have the given hashes, under the licence that its source states."""
        return cls(
            source=settings.base.source,
            revision=settings.family.revision if isinstance(settings.base, HubBase) else None,
            package=settings.base.shown if isinstance(settings.base, PackageBase) else None,
            licence=licence,
            checkpoint_sha256=files["model.safetensors"],
            converted_from=converted_from,
            files=files,
            **measured,
        )

    def require_helped(self, settings: PretrainedBase) -> None:
        """Refuse a pretraining that did not help, where enough was held out to tell.

        Raises:
            InputError: the held-out masked-LM loss is no better than the unigram predictor's, or, with rated rows, the
                probe worse than on the random encoder.
        """
        if not settings.steps:
            return
        ways_on = f"change base.steps ({settings.steps}) or base.learning_rate"
        tells_loss = settings.mlm_weight and (self.mlm_tokens or 0) >= LEAST_TOKENS
        # `not <` rather than `>=`: a loss that is not a number did not help either
        if tells_loss and not self.mlm_loss_last < self.mlm_loss_unigram:
            raise InputError(
                f"pretraining did not help: masked-LM loss {self.mlm_loss_last:.3f}, unigram predictor "
                f"{self.mlm_loss_unigram:.3f}; {ways_on}"
            )
        accuracies = (self.probe_accuracy, self.probe_accuracy_random)
        tells_rating = self.rating_accuracy is not None and (self.probe_rows or 0) >= LEAST_ROWS
        # equal is no fault: with most rows of one class, or words that tell the classes apart, neither can be beaten
        if tells_rating and None not in accuracies and self.probe_accuracy < self.probe_accuracy_random:
            raise InputError(
                f"pretraining did not help: probe accuracy {self.probe_accuracy:.3f}, random encoder "
                f"{self.probe_accuracy_random:.3f}; {ways_on}"
            )
