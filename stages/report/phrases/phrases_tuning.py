"""How the learning rate of each configuration was chosen, in the words of the report's sentences."""

from collections.abc import Callable

from stages.report.numbers.latex import Latex
from stages.report.phrases.phrases import Phrases
from stages.tuning.tuning import TunedCell

LISTED = 6  # cells that a sentence names; of more it says how many


class TuningPhrases:
    """What the templates call ``tuning``: how the learning rate of each configuration was chosen."""

    def __init__(self, say: Phrases) -> None:
        self._say, self._study, self._tuning = say, say.results.study, say.results.tuning

    @property
    def is_done(self) -> bool:
        return self._study.is_tuned

    @property
    def factors(self) -> list[Latex]:
        return [self._say.number(f"tuning.factor.{index}") for index in range(len(self._study.rate_factors))]

    @property
    def starts_from_one_rate(self) -> bool:
        """Whether all configurations have the same rate where none is tuned."""
        return len({self._study.nominal_rate(name) for name in self._study.headline}) == 1

    @property
    def first_rate(self) -> str:
        """What was configured, of one configuration."""
        return "the shared rate" if self.starts_from_one_rate else "its configured rate"

    @property
    def first_rates(self) -> str:
        """The same of several."""
        return "the shared rate" if self.starts_from_one_rate else "the configured rates"

    @property
    def edges(self) -> list[tuple[str, str, list[Latex]]]:
        """``highest`` and ``lowest``, each with the key of its count and its cells where these are few."""
        ends = []
        for edge in ("highest", "lowest"):
            cells = [cell for cell in self._tuning.cells if cell.edge == edge]
            if cells:
                ends.append((edge, f"tuning.{edge}", self._names(cells) if len(cells) <= LISTED else []))
        return ends

    @property
    def orders(self) -> list[tuple[Latex, Latex]]:
        """Architectures with several configurations, and how far tuning leaves their order as it was."""
        orders = []
        for name in self._study.architectures:
            if self._say.has(f"{name}.tuning.agreement"):
                orders.append((self._say.architecture(name), self._say.number(f"{name}.tuning.agreement")))
        return orders

    @property
    def gaps(self) -> list[tuple[Latex, Latex, Latex]]:
        """Architectures with full fine-tuning and adapters, and the best adapter's place at first and best rates."""
        gaps = []
        for name in self._study.architectures:
            if self._say.has(f"{name}.tuning.best_gap"):
                gaps.append((self._say.architecture(name), self._gap(name, "first"), self._gap(name, "best")))
        return gaps

    @property
    def most_gain(self) -> Latex:
        return self._extreme(max)

    @property
    def least_gain(self) -> Latex:
        return self._extreme(min)

    def _extreme(self, choose: Callable) -> Latex:
        measured = [cell for cell in self._tuning.cells if cell.gain is not None]
        return self._names([choose(measured, key=lambda cell: cell.gain)])[0]

    def _names(self, cells: list[TunedCell]) -> list[Latex]:
        """Configurations, with their architectures where there are several."""
        names = []
        for cell in cells:
            label = self._say.configuration(cell.configuration)
            several = len(self._study.architectures) > 1
            names.append(Latex(f"{label} on {self._say.architecture(cell.architecture)}") if several else label)
        return names

    def _gap(self, architecture: str, rates: str) -> Latex:
        """Of the best adapter to full fine-tuning at the ``first`` or the ``best`` rates: ``3.85 pp below``."""
        key = f"{architecture}.tuning.{rates}"
        sign = self._say.sign(f"{key}_gap")
        if not sign:
            return Latex("level with")
        return Latex(f"{self._say.number(f'{key}_distance')} {'above' if sign > 0 else 'below'}")
