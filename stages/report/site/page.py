"""``paper/site/index.html``, put together: what is shown of each study, the script and its libraries in one file."""

import json
from functools import cache
from importlib.resources import files
from pathlib import Path

import jinja2
import vl_convert
from markupsafe import Markup

from stages.core.errors import InputError
from stages.core.free_text import visible
from stages.report.numbers.ledger import Ledger, anchor
from stages.report.numbers.units import text
from stages.report.site.number_index import number_index
from stages.report.site.shown import with_unit
from stages.report.site.study_view import StudyView, for_script

FOLDER = Path("paper/page")
TEMPLATE = "index.html.j2"
MOST_BYTES = 8 * 2**20
EMBEDDED = "window.vegaEmbed = vegaEmbed;"


SECTIONS = {
    "overview": "Overview",
    "grid": "Grid",
    "cost": "Cost",
    "curves": "Curves",
    "differences": "Differences",
    "runs": "Runs",
    "errors": "Errors",
    "claims": "Claims",
    "numbers": "Numbers",
}


def render(views: list[StudyView], ledger: Ledger, title: str) -> str:
    """The page.

    Raises:
        InputError: it is larger than a page should be.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    own, shown = _of_the_page(views)
    data = {"studies": {view.data.name: for_script(view) for view in views}} | number_index(ledger, own, shown)
    page = environment.get_template(TEMPLATE).render(
        title=title,
        views=views,
        sections=SECTIONS,
        placeholder=_example(ledger),
        count=text(len(ledger.printed)),
        anchor=anchor,
        data=Markup(as_script(data)),
        style=_code("page.css", "style"),
        script=_code("page.js", "script"),
        vega=_inlined(_vega(), "script"),
        tables=Markup(as_script(_of_itables("dt_bundle.js"))),
        tables_style=_inlined(_of_itables("dt_bundle.css"), "style"),
    )
    size = len(page.encode("utf-8"))
    if size > MOST_BYTES:
        raise InputError(f"paper/site/index.html: {size / 2**20:.1f} MiB; allowed: {MOST_BYTES >> 20} MiB")
    return page


def _of_the_page(views: list[StudyView]) -> tuple[Ledger, set[str]]:
    """Numbers of this build that the report's ledger has not, and the keys of all that the page shows."""
    printer = views[0].data.printer
    prose = {run.anchor for sentence in views[0].findings + views[0].summary for run in sentence if run.anchor}
    return printer.own, printer.shown | prose


def _example(ledger: Ledger) -> str:
    """A number that can be searched for: the first that a mean over runs is."""
    means = [number for key, number in ledger.printed_numbers().items() if key.endswith(".accuracy")]
    return f"such as {with_unit(means[0])}" if means else ""


def as_script(data: object) -> str:
    """JSON that ends no element of HTML."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")


def _shown(value: object) -> object:
    """Text as the report has it; jinja escapes it after this."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _code(name: str, element: str) -> Markup:
    return _inlined((FOLDER / name).read_text(encoding="utf-8"), element)


@cache
def _vega() -> str:
    return vl_convert.javascript_bundle(EMBEDDED)


def _of_itables(name: str) -> str:
    return files("itables").joinpath("html", name).read_text(encoding="utf-8")


def _inlined(code: str, element: str) -> Markup:
    """Code of ours or of a library as it stands, which must not end the element that it is in.

    Raises:
        InputError: it would.
    """
    for end in (f"</{element}", "<!--"):
        if end in code.lower():
            raise InputError(f"the code in a {element} element of the page holds {end}, which would end it there")
    return Markup(code)
