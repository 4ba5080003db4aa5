"""What the report's head says: title, authors, keywords."""

from stages.report.numbers.latex import Latex, escape, listing, without_breaks
from stages.report.numbers.names import DESIGN, method_name
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_data import DataPhrases
from stages.study.typeset import DESCRIPTION, shortened

KEYWORDS = 8  # names of methods among them, at most


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
    def page(self) -> Latex:
        """What the numbers lead to."""
        return Latex(self._paper.page)

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
