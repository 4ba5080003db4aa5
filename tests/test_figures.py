from pathlib import Path

import pytest
from pypdf import PdfReader

from stages import collect, figures
from stages.analysis.runs import read_runs
from stages.core.errors import InputError
from stages.report.figures import style
from stages.report.figures.accuracy import methods
from stages.report.figures.pareto import pareto
from stages.report.figures.rank import rank
from stages.report.figures.texts import data, read_lengths
from tests.helpers.results import make_baselines, make_card, make_statistics, write_results

SMALL = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}


pytestmark = pytest.mark.usefixtures("in_empty_folder")


def results(**changes):
    study = write_results(**changes)
    collect.main()
    return study, read_runs()


def written() -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(Path("paper/generated/figures").glob("*.pdf"))}


def test_full_grid_has_four_figures_with_embedded_truetype_fonts_and_fixed_bytes():
    results()
    figures.main()
    first = written()
    assert list(first) == ["data", "methods", "pareto", "rank"]
    figures.main()  # again, over the first
    assert written() == first
    for name in first:
        page = PdfReader(f"paper/generated/figures/{name}.pdf").pages[0]
        fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
        assert {str(font["/Subtype"]) for font in fonts} == {"/Type0"}
        assert all("STIX" in font["/BaseFont"] for font in fonts)


def test_one_architecture_one_seed_has_no_rank_figure():
    results(**SMALL)
    figures.main()
    assert list(written()) == ["data", "methods", "pareto"]


def test_widths_are_those_of_the_page():
    study, runs = results(architectures=["distilbert", "roberta"])
    with style.applied():
        made = [
            methods(runs, study, make_baselines(), make_statistics(study)),
            pareto(runs, study, make_baselines()),
            rank(runs, study),
        ]
    assert [figure.get_size_inches()[0] for figure in made] == [style.PAGE, style.PAGE, style.COLUMN]


def test_methods_draw_every_run():
    study, runs = results(architectures=["distilbert"])
    with style.applied():
        axes = methods(runs, study, make_baselines(), make_statistics(study)).axes[0]
    dots = [line for line in axes.lines if line.get_marker() not in ("|", "None")]
    drawn = sorted(float(x) for line in dots for x in line.get_xdata())
    assert drawn == pytest.approx(sorted(100 * runs.loc[runs["role"] == "train", "test_accuracy"]))


def test_pareto_bars_are_one_deviation_and_absent_with_one_seed():
    study, runs = results(architectures=["distilbert"])
    with style.applied():
        assert len(pareto(runs, study, make_baselines()).axes[0].collections) == 7
        assert len(pareto(runs[runs["seed"] == 42], study, make_baselines()).axes[0].collections) == 0


def test_class_bars_show_the_counts():
    study, _ = results(**SMALL)
    with style.applied():
        axes = data(make_card(), read_lengths(["distilbert"]), study).axes[0]
    counts = ["750", "250", "1,000"]
    assert [text.get_text() for text in axes.texts] == [*counts, "negative", *counts, "positive"]


def test_missing_token_lengths_are_named():
    with pytest.raises(InputError) as error:
        read_lengths(["distilbert"])
    assert str(error.value) == "data/tokenized/distilbert/train: not found; run `dvc repro tokenize@distilbert` first"
