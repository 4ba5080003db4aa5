"""What the runs were given, in the words of the report's sentences: data and base models."""

from stages.data.card import IMDB, Card
from stages.encoders.base_report import BaseReport
from stages.report.numbers.latex import Latex
from stages.report.text.phrases import Phrases
from stages.study.typeset import DESCRIPTION, LABEL, shortened, without_glyph

COMMIT_DIGITS = 12


class DataPhrases:
    """What the templates call ``data``: the data card."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self.name = "a data set whose name the fonts of this report lack"
        if not without_glyph(card.name):
            self.name = shortened(card.name, LABEL)

    @property
    def are_generated(self) -> bool:
        return self._card.source == "generated"

    @property
    def are_of_a_hub(self) -> bool:
        return self._card.source == "hub"

    @property
    def are_public(self) -> bool:
        """Whether anyone can have them: local files are with whoever ran the build."""
        return self._card.source != "local"

    @property
    def are_imdb(self) -> bool:
        return self._card.name == IMDB["name"]

    @property
    def have_licence(self) -> bool:
        return bool(self._card.licence)

    @property
    def licence(self) -> str:
        return shortened(self._card.licence or "not stated by the source", DESCRIPTION)

    @property
    def place(self) -> str:
        return "the Hugging Face hub" if self.are_of_a_hub else "local files"

    @property
    def place_and_commit(self) -> str:
        if not self._card.revision:
            return "local files"
        return f"the Hugging Face hub at commit {self._card.revision[:COMMIT_DIGITS]}"

    @property
    def validation_is_carved_from_training(self) -> bool:
        return self._card.validation_from == "train"

    @property
    def keep_duplicates(self) -> bool:
        return not self._card.deduplicate

    @property
    def had_duplicates(self) -> bool:
        """Whether exact duplicates were removed from the training or the test split."""
        return any(self._card.splits[name].duplicates_removed for name in ("train", "test"))

    @property
    def leak(self) -> bool:
        """Whether some test text also occurs in the training or validation split as used."""
        return self._card.leakage.test_in_train_after > 0

    @property
    def are_balanced(self) -> bool:
        """Whether neither class of the test split has more than three in five texts."""
        balance = self._card.splits["test"].balance
        return balance is not None and 0.4 <= balance <= 0.6


class BasePhrases:
    """One base model."""

    def __init__(self, say: Phrases, name: str, report: BaseReport) -> None:
        self._say, self._name, self._report = say, name, report

    @property
    def label(self) -> Latex:
        return self._say.architecture(self._name)

    @property
    def hub_id(self) -> str:
        return self._say.results.study.architectures[self._name].hub_id

    @property
    def commit(self) -> str | None:
        """The first digits; None for a checkpoint that is not of a hub."""
        return self._report.revision and self._report.revision[:COMMIT_DIGITS]

    @property
    def is_pretrained_here(self) -> bool:
        return self._report.source == "pretrain"

    @property
    def is_untrained(self) -> bool:
        return not self._report.steps

    def number(self, quantity: str) -> Latex:
        return self._say.number(f"base.{self._name}.{quantity}")

    def has(self, quantity: str) -> bool:
        return self._say.has(f"base.{self._name}.{quantity}")


class BasesPhrases:
    """What the templates call ``bases``: the base models of all architectures."""

    def __init__(self, say: Phrases) -> None:
        self.all = [BasePhrases(say, name, report) for name, report in say.results.bases.items()]

    @property
    def are_pretrained_here(self) -> bool:
        return all(base.is_pretrained_here for base in self.all)

    @property
    def are_untrained(self) -> bool:
        """The settings of pretraining are those of the profile, so one base speaks for all."""
        return self.all[0].is_untrained

    @property
    def predict_ratings(self) -> bool:
        return self.all[0].has("rating_accuracy")

    @property
    def probed(self) -> list[BasePhrases]:
        """Those of which a linear probe was made; none where there was no pretraining for it to judge."""
        return [] if self.are_untrained else [base for base in self.all if base.has("probe_accuracy")]
