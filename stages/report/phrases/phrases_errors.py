"""What the runs get wrong, in the words of the report's sentences: confusions, classifiers of one answer."""

from stages.report.entries.class_errors import constant_cells, pooled_confusion
from stages.report.numbers.latex import Latex, listing
from stages.report.phrases.phrases import Phrases
from stages.report.phrases.phrases_data import DataPhrases

AGREEING_POINTS = 2  # percentage points of accuracy and macro-F1


class ErrorsPhrases:
    """What the templates call ``errors``."""

    def __init__(self, say: Phrases, data: DataPhrases) -> None:
        self._say, self._data = say, data
        self._confused = pooled_confusion(say.results)
        self._constant = constant_cells(say.results)
        cells = say.results.cells[say.results.cells["role"] == "train"]
        self._completed = int(cells["test_accuracy_mean"].notna().sum())
        majority = say.results.baselines.majority.test_accuracy
        self._no_better = list(cells.index[cells["test_accuracy_mean"] <= majority])

    @property
    def measures_agree(self) -> bool:
        """Whether mean accuracy and macro-F1 of no configuration are far apart."""
        return self._say.printed("fit.f1_gap") <= AGREEING_POINTS

    @property
    def are_of_two_classes(self) -> bool:
        return len(self._data.class_names) == 2

    @property
    def are_of_several_classes(self) -> bool:
        """Whether some headline run made one where there are more than two."""
        return self._confused is not None and not self.are_of_two_classes

    @property
    def confused_class(self) -> Latex:
        """The actual class of the most frequent confusion."""
        return self._data.class_names[self._confused.actual]

    @property
    def mistaken_for(self) -> Latex:
        return self._data.class_names[self._confused.predicted]

    @property
    def weakest_class(self) -> Latex:
        return self._data.class_names[self._confused.weakest]

    @property
    def constant(self) -> Latex | None:
        """Configurations of the headline grid that name one class for every test text; None where none does."""
        return self._cells(self._constant, "constant")

    @property
    def every_cell_is_constant(self) -> bool:
        """Whether no run of the headline grid tells texts apart, so that no score says anything of a method."""
        return bool(self._constant) and len(self._constant) == self._completed

    @property
    def some_cells_are_constant(self) -> bool:
        """Whether some do and others do not."""
        return 0 < len(self._constant) < self._completed

    @property
    def no_better_than_majority(self) -> Latex | None:
        """The other ones whose mean accuracy is no higher than that of naming the most frequent class."""
        return self._cells([cell for cell in self._no_better if cell not in self._constant], "no_better")

    def _cells(self, cells: list[tuple[str, str]], what: str) -> Latex | None:
        """``A and B on X and Y, and of A on Z``, after "of": architectures with the same configurations together."""
        results = self._say.results
        by_configurations: dict[tuple[str, ...], list[str]] = {}
        for architecture in results.study.architectures:
            names = tuple(configuration for of, configuration in cells if of == architecture)
            if names:
                by_configurations.setdefault(names, []).append(architecture)
        parts = [
            Latex(f"{self._configurations(names, architectures, what)} on {listing(self._say.names(architectures))}")
            for names, architectures in by_configurations.items()
        ]
        if not parts:
            return None
        return Latex(f"{', of '.join(parts[:-1])}, and of {parts[-1]}") if len(parts) > 1 else parts[0]

    def _configurations(self, names: tuple[str, ...], architectures: list[str], what: str) -> Latex:
        """Their labels, or that they are all of a kind that completed a run on each of the architectures."""
        results = self._say.results
        headline = results.study.headline
        adapters = [name for name in headline if results.study.configurations[name].method != "full"]
        for kind, of_kind in (("every configuration", headline), (f"every {self._say.adapter}", adapters)):
            if len(names) > 1 and all(results.completed(a, of_kind) == list(names) for a in architectures):
                return Latex(kind)
        return self._say.configurations_of(list(names), f"{architectures[0]}.{what}")
