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


def test_one_pair_of_one_seed_on_one_architecture_has_no_plural():
    text = source(**SMALL)
    for sentence in (
        "At the base rate there is one such difference, and the paired test tells it from zero.",
        ": its only pair is distinguishable.",
        "The paired test tells the two configurations apart.",
        "The adapter trains ",
        "seed 42.",
        r"No adapter comes within 1\,pp of full fine-tuning. ",
        "A symbol is one run, a horizontal line its interval; long lines: references without an encoder.}",
    ):
        assert sentence in text, sentence
    for absent in ("any architecture", "every adapter saves", "mean over seeds", "own scales", "DistilBERT alone"):
        assert absent not in text


def test_a_second_seed_an_architecture_and_a_pair_bring_the_plural_back():
    grid = {"architectures": ["distilbert", "roberta"], "seeds": [42, 43], "configurations": ["full", "lora-r8", "ia3"]}
    text = source(**SMALL | grid)
    for sentence in (
        "Of 4 such differences at the base rate, the paired tests tell ",
        ": of 6 pairs, ",
        "Of 6 pairs of configurations, the tests tell ",
        "Adapters train ",
        "seeds 42 and 43.",
        "a vertical bar the mean over seeds, a horizontal line its interval",
        "The panels have their own scales.",
    ):
        assert sentence in text, sentence


def test_what_no_pair_of_the_grid_differs_in_is_not_asked():
    text = source(**SMALL)
    assert "asks two questions." in text
    assert "its answers to the first question describe" in text
    for absent in ("change when nothing else changes", "placement question", ", the probe rate", "comparison of ranks"):
        assert absent not in text


def test_what_pairs_of_the_grid_differ_in_is_asked():
    text = source(**SMALL | {"configurations": ["full", "lora-r8", "lora-r16"], "probes": ["full-probe"]})
    assert r"\item What do rank and the learning rate change when nothing else changes?" in text
    assert "asks three questions." in text
    assert r"The base rate is $10^{-5}$, the probe rate $2\times 10^{-5}$;" in text
    assert "a comparison of ranks at the same" in text


def test_adapters_that_are_close_on_the_same_architectures_share_a_sentence():
    prepare(**SMALL | {"configurations": ["full", "lora-ffn", "ia3"]})
    for configuration in ("full", "lora-ffn", "ia3"):
        edit(configuration, 42, 0.9)
    assert r"LoRA FFN and IA3 are within 1\,pp of full fine-tuning on DistilBERT." in written()


def test_one_configuration_is_run_and_not_compared():
    text = source(**SMALL | {"configurations": ["full"]})
    assert "and run 1 configuration on DistilBERT" in text
    assert "The headline grid has 1 run." in text
    assert "Of the 1 mean of the headline grid, " in text
    least, most = (text.split("The error is ")[1:], text.split("The error lies between")[1:])
    assert (len(least), len(most)) == (1, 0)
