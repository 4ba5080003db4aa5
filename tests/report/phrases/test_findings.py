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
    assert r"\,pp above it (LoRA FFN)." in text


def test_result_decides_what_is_close():
    assert r"No adapter comes within 1\,pp of full fine-tuning" in source(**SMALL)
    edit("lora-ffn", 42, 0.90)
    assert r"LoRA FFN is within 1\,pp of full fine-tuning on mini-DistilBERT." in written()


def test_equal_rates_say_nothing_about_the_rate():
    text = source(architectures=["distilbert"], configurations=["full"], probes=["full-probe"], lr=2e-5)
    assert "Base and probe rate are equal in this build, so that nothing is learnt about the rate." in text
    assert "two rates show a direction" not in text


def test_absent_cells_leave_no_sentence_behind():
    text = source(**SMALL)
    for absent in (
        "RoBERTa with",
        r"\subsection{One Choice at a Time}",
        r"\textit{Quantisation:}",
        r"\textit{Learning rate:}",
        "fig:curves",
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
    assert "Pareto frontier of its architecture. Resamples draw" in text


def test_one_pair_of_one_seed_on_one_architecture_has_no_plural():
    text = source(**SMALL)
    for sentence in (
        "At the base rate there is one such difference, and the paired test tells it from zero.",
        ": its only pair is distinguishable.",
        "The paired test tells the two configurations apart.",
        "The adapter trains ",
        "seed 42.",
        r"No adapter comes within 1\,pp of full fine-tuning. ",
        "Differences in mean test accuracy, with intervals. Above: from full fine-tuning at the base rate. Dashed:",
    ):
        assert sentence in text, sentence
    for absent in ("any architecture", "over seeds", "in this order", "Table~\\ref{tab:architectures}"):
        assert absent not in text


def test_a_second_seed_an_architecture_and_a_pair_bring_the_plural_back():
    grid = {"architectures": ["distilbert", "roberta"], "seeds": [42, 43], "configurations": ["full", "lora-r8", "ia3"]}
    text = source(**SMALL | grid)
    for sentence in (
        "All 4 such differences at the base rate are distinguishable from zero.",
        ": of 6 pairs, ",
        "Of 6 pairs of configurations, the tests tell ",
        "Adapters train ",
        "seeds 42 and 43.",
        r"Table~\ref{tab:architectures} sums up what stands out on each architecture",
        "over test texts and seeds",
    ):
        assert sentence in text, sentence


def test_what_no_pair_of_the_grid_differs_in_is_not_said():
    text = source(**SMALL)
    for absent in ("Where configurations differ in", "placement question", ", the probe rate", "comparison of ranks"):
        assert absent not in text


def test_what_pairs_of_the_grid_differ_in_is_said():
    text = source(**SMALL | {"configurations": ["full", "lora-r8", "lora-r16"], "probes": ["full-probe"]})
    assert "Where configurations differ in rank or the learning rate alone, " in text
    assert r"\textit{Rank:} LoRA r=8 to LoRA r=16 " in text
    assert r"\textit{Learning rate:} Full FT to Full FT probe " in text
    assert r"The base rate is $10^{-5}$, the probe rate $2\times 10^{-5}$;" in text
    assert "a comparison of ranks at the same" in text


def test_adapters_that_are_close_on_the_same_architectures_share_a_sentence():
    prepare(**SMALL | {"configurations": ["full", "lora-ffn", "ia3"]})
    for configuration in ("full", "lora-ffn", "ia3"):
        edit(configuration, 42, 0.9)
    assert r"LoRA FFN and IA3 are within 1\,pp of full fine-tuning on mini-DistilBERT." in written()


def test_one_configuration_is_run_and_not_compared():
    text = source(**SMALL | {"configurations": ["full"]})
    assert "We run 1 configuration on mini-DistilBERT" in text
    assert "The headline grid has 1 run." in text
    assert "Of the 1 mean of the headline grid, " in text
    least, most = (text.split("The error is ")[1:], text.split("The error lies between")[1:])
    assert (len(least), len(most)) == (1, 0)
