"""The data, in the words of the report's sentences: what they are, their classes, what was left out, who made them."""

from stages.report.numbers.latex import Latex, listing, named
from stages.report.phrases.phrases import Phrases
from stages.study.typeset import DESCRIPTION, LABEL, class_labels, shown, without_glyph

COMMIT_DIGITS = 12
LISTED_CLASSES, FIRST_CLASSES = 6, 4  # of more, only the first ones are named
FEW_ROWS = 100  # of a test split: fewer are said to be few
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


class DataPhrases:
    """What the templates call ``data``: the data card, and what was measured on the data."""

    def __init__(self, say: Phrases) -> None:
        self._say, self._results, self._card = say, say.results, say.results.card
        self.class_names = [Latex(rf"\textit{{{named(label)}}}") for label in class_labels(self._card.classes)]

    @property
    def has_name(self) -> bool:
        """Whether the fonts can show it."""
        return shown(self._card.name, LABEL) is not None

    @property
    def name(self) -> Latex:
        """In italics; that it cannot be shown where the fonts lack it."""
        name = shown(self._card.name, LABEL)
        return Latex(rf"\textit{{{named(name)}}}" if name else "a data set whose name the fonts of this report lack")

    @property
    def are_named_in_abstract(self) -> bool:
        """Whether there is something to name; beside the published study the task says enough."""
        return self.has_name and not self._results.is_discussed

    @property
    def subject(self) -> str:
        """The end of a title: ``on`` the data, or ``for`` the task where the fonts cannot show what they are called."""
        name = shown(self._card.name, LABEL)
        if name:
            return f"on {name}"
        return f"for {(shown(self._card.task or '', LABEL) or 'text classification').title()}"

    @property
    def are_generated(self) -> bool:
        return self._card.source == "generated"

    @property
    def are_imdb(self) -> bool:
        return self._card.is_imdb

    @property
    def are_film_reviews(self) -> bool:
        return self.are_generated or self.are_imdb

    @property
    def are_of_a_hub(self) -> bool:
        return self._card.source == "hub"

    @property
    def are_local(self) -> bool:
        return self._card.source == "local"

    @property
    def are_public(self) -> bool:
        """Whether anyone can have them: local files are with whoever ran the build."""
        return not self.are_local

    @property
    def task(self) -> Latex:
        unstated = "sentiment classification" if self.are_film_reviews else "text classification"
        return named(shown(self._card.task or "", LABEL) or unstated)

    @property
    def task_and_classes(self) -> Latex:
        """After "for": the task, and how many classes it has."""
        if self.are_film_reviews:
            return Latex(f"binary {self.task}")
        return Latex(f"{self.task} with {self.classes_in_words}")

    @property
    def language(self) -> Latex | None:
        """None where it is not stated, or cannot be shown."""
        language = shown(self._card.language or "", LABEL)
        return named(language) if language else None

    @property
    def are_of_one_language(self) -> bool:
        return self.are_film_reviews or self._card.language is not None

    @property
    def have_licence(self) -> bool:
        return bool(self._card.licence)

    @property
    def licence(self) -> Latex:
        if not self._card.licence:
            return Latex("not stated by the source")
        return named(
            shown(self._card.licence, DESCRIPTION) or "stated in characters that the fonts of this report lack"
        )

    @property
    def citation(self) -> Latex | None:
        """As the source words it; None where it has none, or the report has one in its bibliography."""
        citation = None if self.are_film_reviews else shown(self._card.citation or "", DESCRIPTION)
        return named(citation) if citation else None

    @property
    def description(self) -> Latex | None:
        description = None if self.are_film_reviews else shown(self._card.description or "", DESCRIPTION)
        return named(description.rstrip(".")) if description else None

    @property
    def place(self) -> str:
        return "the Hugging Face hub" if self.are_of_a_hub else "local files"

    @property
    def place_and_commit(self) -> str:
        if not self._card.revision:
            return "local files"
        return f"the Hugging Face hub at commit {self._card.revision[:COMMIT_DIGITS]}"

    @property
    def classes_in_words(self) -> Latex:
        """``two classes``; in figures from seven on."""
        count = len(self._card.classes)
        return Latex(f"{NUMBERS.get(count) or self._say.number('data.classes')} classes")

    @property
    def classes(self) -> Latex:
        """Their names; of more than a handful the first ones."""
        if len(self.class_names) <= LISTED_CLASSES:
            return listing(self.class_names)
        return Latex(f"{', '.join(self.class_names[:FIRST_CLASSES])}, and others")

    @property
    def call_some_classes_by_number(self) -> bool:
        return any(without_glyph(name) for name in self._card.classes)

    @property
    def have_classes_alike_once_shortened(self) -> bool:
        """Whether the fonts have the name of some class that is called by its number all the same."""
        labels = class_labels(self._card.classes)
        by_number = [name for index, name in enumerate(self._card.classes) if labels[index] == f"class {index}" != name]
        return any(not without_glyph(name) for name in by_number)

    @property
    def not_in_test(self) -> Latex | None:
        """Classes without a test text; None where every class has some."""
        missing = self._card.missing_classes("test")
        if len(missing) > LISTED_CLASSES:
            return Latex(f"{self._say.number('data.test.missing_classes')} of the classes")
        return listing([self.class_names[label] for label in missing], "or") if missing else None

    @property
    def more_frequent(self) -> str:
        """Before "class": of two, or of several."""
        return "more frequent" if len(self._card.classes) == 2 else "most frequent"

    @property
    def majority(self) -> Latex:
        """The class that the first baseline names: by its name where it is not the most frequent one of the test."""
        if self.classes_are_of_one_size:
            return Latex("one class")
        if self.majority_is_of_training_alone:
            return self.class_names[self._results.baselines.majority.label]
        return Latex(f"the {self.more_frequent} class")

    @property
    def majority_is_of_training_alone(self) -> bool:
        """Whether the most frequent class of the training texts is not that of the test texts."""
        counts = self._results.class_counts("test")
        return counts[self._results.baselines.majority.label] < max(counts)

    @property
    def classes_are_of_one_size(self) -> bool:
        """Whether no class has more texts than another, of training and of test."""
        return all(len(set(counts)) == 1 for counts in map(self._results.class_counts, ("train", "test")))

    @property
    def frequent_class(self) -> Latex | None:
        """The most frequent class by name, where classes differ in size and it is the same in training and test."""
        largest = {counts.index(max(counts)) for counts in map(self._results.class_counts, ("train", "test"))}
        if self.are_balanced or len(largest) > 1:
            return None
        return self.class_names[largest.pop()]

    @property
    def are_balanced(self) -> bool:
        return self._results.is_balanced

    @property
    def are_pairs(self) -> bool:
        return self._card.columns.pair is not None

    @property
    def are_counted_in_words(self) -> bool:
        """Whether white space parts words; without it a text is counted in characters and tokens."""
        return self._results.baselines.tfidf_logistic_regression.unit == "words"

    @property
    def bag(self) -> str:
        """What the linear baseline is called."""
        return "bag of words" if self.are_counted_in_words else "bag of characters"

    @property
    def token_medians(self) -> Latex:
        """Of a training text, by tokenizer."""
        return self._by_architecture("median", list(self._results.tokens), "")

    @property
    def side_kept(self) -> Latex:
        """Which tokens of a text that is cut."""
        return Latex("first" if self._results.study.truncation_side == "right" else "last")

    @property
    def truncated(self) -> Latex | None:
        """``3.2% of them with A and 0.4% with B``: the share of texts that the length limit cuts; None without any."""
        names = self._results.tokens
        cut = [name for name in names if self._say.printed(f"tokens.{name}.truncated") > 0]
        return self._by_architecture("truncated", cut, "of them ") if cut else None

    @property
    def test_is_small(self) -> bool:
        return self._card.splits["test"].rows < FEW_ROWS

    def _by_architecture(self, quantity: str, names: list[str], of_what: str) -> Latex:
        """A number with each tokenizer; ``of_what`` is said of the first."""
        parts = []
        for name in names:
            number = self._say.number(f"tokens.{name}.{quantity}")
            parts.append(Latex(f"{number} {'' if parts else of_what}with {self._say.architecture(name)}"))
        return listing(parts)
