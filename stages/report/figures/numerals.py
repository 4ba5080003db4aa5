"""The numerals of a figure, for the ledger."""

import re
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.units import COUNT


def enter_numerals(ledger: Ledger, name: str, figure: Figure, file: Path) -> None:
    """Note the numerals of a drawn figure as printed: axis ticks, bar labels, names.

    They are read off the figure since matplotlib chooses the ticks as it draws: nothing else knows them.

    Args:
        file: what the figure is drawn from.
    """
    texts = [artist.get_text() for artist in figure.findobj(Text) if artist.get_visible()]
    numerals = dict.fromkeys(numeral for text in texts for numeral in re.findall(r"\d[\d,.]*", text))
    source = Source(file, f"axis or label of figure {name}")
    for index, numeral in enumerate(numerals):
        key = f"figure.{name}.{index}"
        ledger.add(key, numeral, COUNT, source)
        ledger.number(key)
