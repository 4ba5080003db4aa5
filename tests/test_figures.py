from pathlib import Path

import pytest
from pypdf import PdfReader

from stages import figures
from stages.report.figures import style
from stages.report.figures.differences import differences
from stages.report.figures.pareto import pareto
from tests.helpers.preparation import make_baselines
from tests.helpers.results import judge_published_study, make_runs
from tests.helpers.statistics import make_statistics
from tests.helpers.tables import SMALL

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def written() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(Path("paper/generated/figures").glob("*.pdf"))}


def test_full_grid_has_four_figures_with_embedded_truetype_fonts_and_fixed_bytes():
    make_runs()
    judge_published_study()
    figures.main()
    first = written()
    assert list(first) == ["data", "differences", "memory", "pareto"]
    figures.main()  # again, over the first
    assert written() == first
    for name in first:
        page = PdfReader(f"paper/generated/figures/{name}.pdf").pages[0]
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        assert {str(font["/Subtype"]) for font in fonts} == {"/Type0"}
        assert all("STIX" in font["/BaseFont"] for font in fonts)


def test_what_has_nothing_to_show_is_not_written():
    make_runs(**SMALL | {"configurations": ["full"], "published": "none"})  # without a census
    figures.main()
    assert list(written()) == ["data", "pareto"]


def test_widths_are_those_of_the_page():
    study, runs = make_runs(architectures=["distilbert", "roberta"])
    with style.applied():
        made = [
            differences(study, make_statistics(study), make_baselines()),
            pareto(runs, study, make_statistics(study).frontiers),
        ]
    assert [figure.get_size_inches()[0] for figure in made] == [style.PAGE, style.PAGE]
