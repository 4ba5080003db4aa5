"""Cells in the words of the report's sentences: one of the grid, what stands out on an architecture, a kept study."""

import pandas as pd

from stages.analysis.kept_study import KeptStudy
from stages.report.numbers.latex import Latex, escape
from stages.report.phrases.findings import Findings
from stages.report.phrases.phrases import Phrases
from stages.study.typeset import DESCRIPTION, shown


class CellPhrases:
    """One configuration on one architecture, measured against full fine-tuning."""

    def __init__(self, say: Phrases, architecture: str, configuration: str, full: str | None) -> None:
        self._say = say
        self._architecture, self._configuration, self._full = architecture, configuration, full
        self._cell = f"{architecture}.{configuration}"
        self._against_full = f"{self._cell}.vs.{full}"

    @property
    def label(self) -> Latex:
        return self._say.configuration(self._configuration)

    def number(self, quantity: str) -> Latex:
        return self._say.number(f"{self._cell}.{quantity}")

    @property
    def accuracy(self) -> Latex:
        return self.number("accuracy")

    @property
    def score(self) -> Latex:
        """The mean that configurations are ranked by; accuracy with its deviation where there are several seeds."""
        mean = self._say.results.measure.key
        if not self._say.has(f"{self._cell}.{mean}_sd"):
            return self.number(mean)
        return Latex(self._say.ledger.with_deviation(f"{self._cell}.{mean}", f"{self._cell}.{mean}_sd") + r"\%")

    @property
    def gap(self) -> Latex:
        """``3.85 pp below``, ``0.31 pp above`` or ``level with``: a preposition to "full fine-tuning"."""
        measure = self._say.results.measure
        difference, distance = f"{self._against_full}.{measure.difference}", f"{self._against_full}.{measure.distance}"
        if not self._say.has(difference):
            return Latex("not comparable with")
        sign = self._say.sign(difference)
        if not sign:
            return Latex("level with")
        return Latex(f"{self._say.number(distance)} {'above' if sign > 0 else 'below'}")

    @property
    def interval(self) -> Latex:
        """`` (-8.25 pp [-9.68, -6.80])``: the signed difference of accuracy with its interval; empty if not tested."""
        low, high = f"{self._against_full}.low", f"{self._against_full}.high"
        if not self._say.has(low):
            return Latex("")
        ends = f"[{self._say.ledger.numeral(low)}, {self._say.ledger.numeral(high)}]"
        return Latex(f" ({self._say.number(f'{self._against_full}.difference')} {ends})")


class ArchitecturePhrases:
    """One architecture: what stands out on it, and the conditions of its sentences."""

    def __init__(self, say: Phrases, found: Findings, name: str) -> None:
        self._say, self._found, self._name = say, found, name

    @property
    def label(self) -> Latex:
        return self._say.architecture(self._name)

    def number(self, quantity: str) -> Latex:
        return self._say.number(f"{self._name}.{quantity}")

    @property
    def full(self) -> CellPhrases:
        return self._cell(self._found.reference)

    @property
    def best_adapter(self) -> CellPhrases:
        return self._cell(self._found.best_adapter[self._name])

    @property
    def weakest_adapter(self) -> CellPhrases:
        return self._cell(self._found.weakest_adapter[self._name])

    @property
    def has_runs(self) -> bool:
        """Whether some run of the headline grid completed here."""
        return bool(self._say.results.completed(self._name, self._found.headline))

    @property
    def full_failed(self) -> bool:
        """Whether full fine-tuning is in the grid and has no run that completed here."""
        full = self._found.reference
        return full is not None and not self._say.has(f"{self._name}.{full}.accuracy")

    @property
    def is_compared(self) -> bool:
        """Whether full fine-tuning and an adapter at the same rate have runs that completed here."""
        return self._name in self._found.compared

    @property
    def adapters_failed(self) -> bool:
        """Whether the grid has adapters at the base rate and none has a run that completed here."""
        return bool(self._found.adapters) and not self._say.has(f"{self._name}.adapters_span")

    @property
    def adapters_differ(self) -> bool:
        return self._found.weakest_adapter[self._name] != self._found.best_adapter[self._name]

    @property
    def choice_outweighs_freezing(self) -> bool:
        return self._name in self._found.choice_outweighs_freezing

    @property
    def is_below_bag(self) -> bool:
        return self._name in self._found.below_bag

    @property
    def under_bag(self) -> list[str]:
        """Configurations whose means do not exceed that of the bag of words."""
        return self._found.under_bag[self._name]

    @property
    def configurations_under_bag(self) -> Latex:
        return self._say.configurations_of(self.under_bag, f"{self._name}.under_bag")

    def _cell(self, configuration: str) -> CellPhrases:
        return CellPhrases(self._say, self._name, configuration, self._found.reference)


class KeptPhrases:
    """What the templates call ``real``: the kept study of real reviews beside this build."""

    def __init__(self, say: Phrases, kept: KeptStudy) -> None:
        self._say, self._kept = say, kept

    @property
    def architecture(self) -> Latex:
        return escape(self._kept.study.label(self._kept.architecture))

    @property
    def hub_id(self) -> Latex:
        return escape(self._kept.study.architectures[self._kept.architecture].hub_id)

    @property
    def package(self) -> Latex | None:
        """The Python package that brought the encoder, with its version."""
        return self._kept.base.package and escape(self._kept.base.package)

    @property
    def side_kept(self) -> Latex:
        """Of a text that is too long."""
        return Latex("first" if self._kept.study.truncation_side == "right" else "last")

    @property
    def licence(self) -> Latex:
        return escape(shown(self._kept.card.licence or "", DESCRIPTION) or "not stated")

    @property
    def is_tuned(self) -> bool:
        return self._kept.study.is_tuned

    @property
    def is_below_bag(self) -> bool:
        """Whether no configuration of it has a mean accuracy above that of the bag of words."""
        return bool((self._means <= self._kept.bag).all())

    @property
    def reference(self) -> Latex:
        """The accuracy of full fine-tuning."""
        return self._say.number(f"imdb.{self._kept.study.reference}.accuracy")

    @property
    def best_other(self) -> Latex:
        return self._named_with_accuracy(self._means.drop(self._kept.study.reference).idxmax())

    @property
    def worst_other(self) -> Latex:
        return self._named_with_accuracy(self._means.drop(self._kept.study.reference).idxmin())

    @property
    def _means(self) -> pd.Series:
        return self._kept.cells["test_accuracy_mean"]

    def _named_with_accuracy(self, configuration: str) -> Latex:
        label = escape(self._kept.study.configurations[configuration].label)
        return Latex(f"{label} ({self._say.number(f'imdb.{configuration}.accuracy')})")
