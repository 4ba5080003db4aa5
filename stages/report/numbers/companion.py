"""``paper/numbers.html``: what each number of the PDF links to."""

from pathlib import Path

import jinja2

from stages.core.files import write_text
from stages.report.numbers.ledger import Ledger, anchor

TEMPLATE = Path("paper/numbers.html.j2")


def write_companion(ledger: Ledger, path: Path) -> None:
    """One row a printed number: value before rounding, source, stage, command, records, parameters."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(TEMPLATE.name).render(numbers=ledger.printed_numbers(), anchor=anchor)
    write_text(path, page)
