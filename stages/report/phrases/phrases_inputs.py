"""What the report was given: the source of its data, its base models, texts to quote."""

from typing import NamedTuple

from stages.data.card import NO_LABEL
from stages.encoders.base_report import BaseReport
from stages.report.entries.quotes import QUOTED_CLASSES, examples
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_data import COMMIT_DIGITS, DataPhrases
from stages.study.typeset import LABEL, shown

LISTED_NAMES = 4  # of more labels, columns or files, only the first ones are named


class SourcePhrases:
    """What the templates call ``source``: what became of the source's rows, labels, columns and files."""

    def __init__(self, say: Phrases, data: DataPhrases) -> None:
        self._say, self._data, self._card = say, data, say.results.card

    @property
    def validation_is_carved_from_training(self) -> bool:
        return self._card.validation_from == "train"

    @property
    def test_is_carved_from_training(self) -> bool:
        return self._card.test_from == "train"

    @property
    def samples(self) -> Latex | None:
        """``training texts are drawn from 120,000``; None where the splits are whole."""
        words = {"train": "training", "test": "test"}
        drawn = [
            Latex(f"{words[split]} texts are drawn from {self._drawn_from(split)}") for split in self._card.sampled_from
        ]
        return listing(drawn) if drawn else None

    @property
    def dropped_labels(self) -> Latex | None:
        """Labels whose rows were left out; of more than a handful the first ones."""
        return self._names([label for label in self._card.dropped_labels if label != NO_LABEL])

    @property
    def rows_without_label(self) -> bool:
        """Whether rows were left out that have none."""
        return NO_LABEL in self._card.dropped_labels

    @property
    def merged_labels(self) -> Latex | None:
        """Labels of the source that were made one class: ``1 and 2 as low, and 4 and 5 as high``."""
        merged = []
        for index, name in enumerate(self._card.classes):
            values = [value for value, of_class in self._card.raw_labels.items() if of_class == name]
            if len(values) > 1 and (listed := self._names(values)):
                merged.append(Latex(f"{listed} as {self._data.class_names[index]}"))
        return Latex("; ".join(merged)) if merged else None

    @property
    def ignored_files(self) -> Latex | None:
        return self._names(self._card.ignored_files)

    @property
    def unused_columns(self) -> Latex | None:
        return self._names(self._card.unused_columns)

    @property
    def have_conflicting_labels(self) -> bool:
        """Whether a text carries several labels in the source."""
        return self._card.conflicting_duplicates > 0

    @property
    def keep_duplicates(self) -> bool:
        return not self._card.deduplicate

    @property
    def had_duplicates_in_its_one_split(self) -> bool:
        """Whether exact duplicates were removed from a source that has no test split of its own."""
        return self.test_is_carved_from_training and self.had_duplicates

    @property
    def had_no_duplicates_in_its_one_split(self) -> bool:
        return self.test_is_carved_from_training and not self.had_duplicates

    @property
    def had_duplicates(self) -> bool:
        """Whether exact duplicates were removed from the training or the test split."""
        return any(self._card.splits[name].duplicates_removed for name in ("train", "test"))

    @property
    def leak(self) -> bool:
        """Whether some test text also occurs in the training or validation split as used."""
        return self._card.leakage.test_in_train_after > 0

    def _drawn_from(self, split: str) -> Latex:
        return self._say.number(f"data.{split}.sampled_from")

    def _names(self, names: list[str]) -> Latex | None:
        """In typewriter, the first few that the fonts have; None where there is nothing to name."""
        texts = [text for text in (shown(name, LABEL) for name in names[:LISTED_NAMES]) if text]
        listed = [Latex(rf"\texttt{{{escape(text)}}}") for text in texts]
        if len(texts) < len(names):
            listed.append(Latex("others" if texts else "named in characters that the fonts of this report lack"))
        return listing(listed) if names else None


class BasePhrases:
    """One base model."""

    def __init__(self, say: Phrases, name: str, report: BaseReport) -> None:
        self._say, self._name, self._report = say, name, report

    @property
    def label(self) -> Latex:
        return self._say.architecture(self._name)

    @property
    def hub_id(self) -> str | None:
        """Under which name it was published; None where nobody says, or for a checkpoint of no hub."""
        is_published = self._report.source in ("hub", "package")
        return self._say.results.study.architectures[self._name].hub_id if is_published else None

    @property
    def commit(self) -> str | None:
        """The first digits; None for a checkpoint that is not of a hub."""
        return self._report.revision and self._report.revision[:COMMIT_DIGITS]

    @property
    def is_pretrained_here(self) -> bool:
        return self._report.source == "pretrain"

    @property
    def is_of_local_files(self) -> bool:
        return self._report.source == "local"

    @property
    def package(self) -> Latex | None:
        """The Python package that brought it, with its version."""
        return self._report.package and escape(self._report.package)

    @property
    def licence(self) -> Latex | None:
        """None where its source states none, or one that the fonts lack."""
        stated = self._report.licence and shown(self._report.licence, LABEL)
        return escape(stated) if stated else None

    @property
    def weights(self) -> str:
        """The first digits of their SHA-256."""
        return self._report.checkpoint_sha256[:COMMIT_DIGITS]

    @property
    def pickle(self) -> str | None:
        """The same of the pickle that they were converted from; None where they are as published, or made here."""
        converted = self._report.converted_from
        return converted and converted.sha256[:COMMIT_DIGITS]

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
        self._classes = {each.model_class for each in say.results.study.architectures.values()}

    def include(self, family: str) -> bool:
        """Whether some base model is of a family of Transformers' classes, such as ``Roberta``."""
        return f"{family}ForSequenceClassification" in self._classes

    def include_checkpoint(self, hub_id: str) -> bool:
        """Whether some base model was published under this name."""
        return any(base.hub_id == hub_id for base in self.all)

    @property
    def are_of_packages(self) -> bool:
        """Whether they are published checkpoints that Python packages carry."""
        return all(base.package for base in self.all)

    @property
    def are_pretrained_here(self) -> bool:
        return all(base.is_pretrained_here for base in self.all)

    @property
    def are_of_local_files(self) -> bool:
        """Whether they are checkpoints that whoever ran the build had."""
        return all(base.is_of_local_files for base in self.all)

    @property
    def are_untrained(self) -> bool:
        """The settings of pretraining are those of the profile, so one base speaks for all."""
        return self.all[0].is_untrained

    @property
    def converted(self) -> list[BasePhrases]:
        """Those whose weights came as a pickle."""
        return [base for base in self.all if base.pickle]

    @property
    def predict_ratings(self) -> bool:
        return self.all[0].has("rating_accuracy")

    @property
    def probed(self) -> list[BasePhrases]:
        """Those of which a linear probe was made; none where there was no pretraining for it to judge."""
        return [] if self.are_untrained else [base for base in self.all if base.has("probe_accuracy")]


class ExamplePhrases(NamedTuple):
    """A quoted training text; a pair has two."""

    name: Latex  # of its class
    text: Latex
    pair: Latex | None


class ExamplesPhrases:
    """What the templates call ``examples``: the training texts that are quoted, and why others are not."""

    def __init__(self, say: Phrases, data: DataPhrases) -> None:
        self.are_wanted = say.results.study.paper.examples
        self.quoted = examples(say.results, say.ledger)
        self._names = data.class_names[:QUOTED_CLASSES]

    @property
    def all(self) -> list[ExamplePhrases]:
        return [ExamplePhrases(self._names[example.label], example.text, example.pair) for example in self.quoted]

    @property
    def of_no_class(self) -> bool:
        """Whether texts were to be quoted and none can be shown."""
        return self.are_wanted and not self.quoted

    @property
    def classes_without(self) -> list[Latex]:
        """Of which no text can be shown, where there is one of others."""
        if not self.quoted:
            return []
        labels = [example.label for example in self.quoted]
        return [name for label, name in enumerate(self._names) if label not in labels]
