"""``paper/numbers.html``: what each number of the PDF links to."""

from pathlib import Path

import jinja2

from stages.core.files import write_text
from stages.core.free_text import visible
from stages.report.numbers.ledger import Ledger, Number, anchor

TEMPLATE = Path("paper/numbers.html.j2")


def write_companion(ledger: Ledger, path: Path) -> None:
    """One row a printed number: value before rounding, source, stage, command, records, parameters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    page = environment.get_template(TEMPLATE.name).render(
        numbers=ledger.printed_numbers(), anchor=anchor, with_unit=with_unit
    )
    write_text(path, page)


def _shown(value: object) -> object:
    """Text as the report has it; jinja escapes it after this."""
    return visible(value) if isinstance(value, str) else value


def with_unit(number: Number) -> str:
    """As it is printed: ``41.2 s``, ``87.12%``, ``60``."""
    space = "" if number.unit in ("", "%") else " "
    return f"{number.text}{space}{number.unit}"
