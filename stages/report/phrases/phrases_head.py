"""What the report's head says: title, authors, keywords."""

from stages.report.numbers.latex import Latex, escape, listing, named, without_breaks
from stages.report.numbers.names import DESIGN, method_name
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_data import DataPhrases
from stages.study.typeset import DESCRIPTION, shortened

OF_THE_PUBLISHED = (
    "Parameter-Efficient Fine-Tuning for Sentiment Classification: A Published Study Audited, and Its Grid Run Again"
)
KEYWORDS = 8  # names of methods among them, at most


class HeadPhrases:
    """What the templates call ``head``: title, authors and keywords, of the settings or said from the study."""

    def __init__(self, say: Phrases, data: DataPhrases) -> None:
        self._say, self._data = say, data
        self._paper = say.results.study.paper

    @property
    def title(self) -> Latex:
        return escape(self._title)

    @property
    def pdf_title(self) -> Latex:
        """In the document's properties, where nothing can break."""
        return without_breaks(self._title)

    @property
    def page(self) -> Latex:
        """What the numbers lead to."""
        return Latex(self._paper.page)

    @property
    def authors(self) -> Latex:
        return listing(self._paper.authors)

    @property
    def pdf_authors(self) -> Latex:
        """In the document's properties."""
        return Latex(", ".join(without_breaks(author) for author in self._paper.authors))

    @property
    def repository(self) -> Latex | None:
        """The address of code and records."""
        return self._linked(self._paper.repository)

    @property
    def is_public(self) -> bool:
        """Whether anyone can have code and data: the one has an address, the others are made here or on a hub."""
        return self._paper.repository is not None and self._data.are_public

    @property
    def archive(self) -> Latex | None:
        """The address of this version for good, such as that of its DOI."""
        return self._linked(self._paper.archive)

    @property
    def keywords(self) -> Latex | None:
        """Separated by commas; None where the report of the published study has none."""
        words = self._paper.keywords
        if words is None and self._say.results.is_discussed:
            return None
        if words is None:
            words = ["parameter-efficient fine-tuning", self._data.task, *self._methods]
        return Latex(", ".join(escape(word) for word in words))

    @property
    def _methods(self) -> list[Latex]:
        """Those of the grid but full fine-tuning, where there are few; a list of dozens is for the text."""
        kinds = set(self._say.results.runs["kind"]) - {"full"}
        if kinds <= set(DESIGN):
            return self._say.method_names([kind for kind in DESIGN if kind in kinds])
        configurations = self._say.results.runs.query("method == 'peft'").drop_duplicates("configuration")
        names = list(dict.fromkeys(method_name(run) for _, run in configurations.iterrows()))
        return names if len(names) <= KEYWORDS else []

    @property
    def _title(self) -> str:
        if self._paper.title:
            title = shortened(self._paper.title, DESCRIPTION)
        elif self._say.results.is_discussed:
            title = OF_THE_PUBLISHED
        else:
            title = f"Parameter-Efficient Fine-Tuning {self._data.subject}"
        return f"{title}, {self._scale}" if self._say.results.study.small_scale else title

    @property
    def _scale(self) -> str:
        """Of a small-scale build."""
        return "in Miniature" if self._say.results.study.base_source == "pretrain" else "at Small Scale"

    def _linked(self, address: str | None) -> Latex | None:
        if address is None:
            return None
        return Latex(rf"\href{{{without_breaks(address)}}}{{\texttt{{{named(address)}}}}}")
