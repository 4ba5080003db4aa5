import pytest

from stages import paper
from tests.helpers.paper import SMALL, edit, prepare, source, written

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_result_decides_which_method_leads():
    text = source(**SMALL)
    assert "At the base rate, full fine-tuning has the highest mean accuracy." in text
    edit("lora-ffn", 42, 0.95)
    text = written()
    assert "At the base rate, some adapter has a higher mean accuracy than full fine-tuning." in text
    assert r"\,pp above full fine-tuning" in text


def test_result_decides_what_is_close():
    assert r"No adapter comes within 1\,pp of full fine-tuning" in source(**SMALL)
    edit("lora-ffn", 42, 0.90)
    assert r"LoRA FFN is within 1\,pp of full fine-tuning on DistilBERT." in written()


def test_equal_rates_say_nothing_about_the_rate():
    text = source(architectures=["distilbert"], configurations=["full"], probes=["full-probe"], lr=2e-5)
    assert "The two are equal in this build, so that nothing is learnt about the rate." in text
    assert "Two rates show a direction" not in text


def test_absent_cells_leave_no_sentence_behind():
    text = source(**SMALL)
    for absent in (
        "RoBERTa with",
        r"\subsection{Quantisation}",
        r"\subsection{Learning Rate}",
        "tab:spread",
        "fig:rank",
    ):
        assert absent not in text
    assert "One Seed" in text


@pytest.mark.parametrize("configurations", [["ia3"], ["full"], ["qlora-ffn-probe"]])
def test_single_configuration_grids_render(configurations):
    text = source(**SMALL | {"configurations": configurations})
    assert "it compares no adapter with full fine-tuning" in text


def test_nothing_is_said_of_the_calibration_of_a_headline_grid_that_failed():
    prepare(**SMALL | {"configurations": ["full"], "probes": ["full-probe"]})
    results = paper.read_results()
    of_probes = [entry for entry in results.statistics.calibration if entry.configuration == "full-probe"]
    statistics = results.statistics.model_copy(update={"calibration": of_probes})
    text = written(results._replace(statistics=statistics))
    assert "Pareto frontier of its architecture. Where a share lies well below" in text
