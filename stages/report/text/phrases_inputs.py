"""What the report was given: its base models, texts to quote, what its head says."""

from typing import NamedTuple

from stages.data.card import NO_LABEL
from stages.encoders.base_report import BaseReport
from stages.report.entries.quotes import QUOTED_CLASSES, examples
from stages.report.numbers.latex import Latex, escape, listing, without_breaks
from stages.report.numbers.names import KINDS
from stages.report.text.phrases import Phrases
from stages.report.text.phrases_data import COMMIT_DIGITS, DataPhrases
from stages.study.typeset import DESCRIPTION, LABEL, shortened, shown

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


class HeadPhrases:
    """What the templates call ``head``: title, authors and keywords, of the settings or said from the study."""

    def __init__(self, say: Phrases, data: DataPhrases) -> None:
        self._say, self._data = say, data
        self._paper = say.results.study.paper

    @property
    def title(self) -> Latex:
        return self._of_the_published if self._is_of_the_published else escape(self._title)

    @property
    def pdf_title(self) -> Latex:
        """In the document's properties, where nothing can break."""
        return without_breaks(self._title)

    @property
    def authors(self) -> Latex:
        return listing(self._paper.authors)

    @property
    def keywords(self) -> Latex | None:
        """Separated by commas; None where the report of the published study has none."""
        words = self._paper.keywords
        if words is None and self._say.results.is_discussed:
            return None
        if words is None:
            methods = [method for method in KINDS if method in set(self._say.results.runs["kind"])]
            adapters = self._say.method_names([method for method in methods if method != "full"])
            words = ["parameter-efficient fine-tuning", self._data.task, *adapters]
        return Latex(", ".join(escape(word) for word in words))

    @property
    def _is_of_the_published(self) -> bool:
        return self._paper.title is None and self._say.results.is_discussed

    @property
    def _title(self) -> str:
        if self._paper.title:
            return shortened(self._paper.title, DESCRIPTION)
        if self._say.results.is_discussed:
            return "Parameter-Efficient Fine-Tuning for Sentiment Classification"
        return f"Parameter-Efficient Fine-Tuning {self._data.subject}"

    _of_the_published = Latex(
        r"Parameter-Efficient Fine-Tuning for Sentiment\\Classification, Rendered from Its Run Records"
    )


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
