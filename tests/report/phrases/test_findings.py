import pytest

from stages import paper
from tests.helpers.paper import SMALL, edit, prepare, source, written
from tests.helpers.statistics import with_shares

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_result_decides_which_method_leads():
    text = source(**SMALL)
    assert "At the base rate, full fine-tuning has the highest mean accuracy." in text
    edit("lora-ffn", 42, 0.95)
    text = written()
    assert "At the base rate, some adapter has a higher mean accuracy than full fine-tuning." in text
    assert r"\,pp above it (LoRA FFN)." in text


def test_result_decides_what_is_close():
    assert r"within 1\,pp of full fine-tuning" not in source(**SMALL)
    edit("lora-ffn", 42, 0.90)
    assert r"LoRA FFN is within 1\,pp of full fine-tuning on mini-DistilBERT." in written()


def test_equal_rates_say_nothing_about_the_rate():
    text = source(architectures=["distilbert"], configurations=["full"], probes=["full-probe"], lr=2e-5)
    assert "Base and probe rate are equal in this build, so that nothing is learnt about the rate." in text


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


def test_on_both_frontiers_is_what_nearly_all_resamples_have_there_by_either_measured_cost():
    prepare(architectures=["distilbert"], configurations=["full", "lora-ffn", "ia3"], probes=[])
    results = paper.read_results()
    unsure = {("train_seconds", "lora-ffn"): 0.94, ("trainable_parameters", "ia3"): 0.0}
    statistics = with_shares(results.statistics, unsure, otherwise=0.95)
    assert "On both frontiers are Full FT and IA3 on mini-DistilBERT." in written(
        results._replace(statistics=statistics)
    )


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
        "The adapter trains ",
        "seed 42.",
        "after correction for all comparisons. Above: from full fine-tuning at the base rate. Dashed:",
    ):
        assert sentence in text, sentence
    for absent in ("any architecture", "over seeds", "of all architectures", "Table~\\ref{tab:architectures}"):
        assert absent not in text


def test_a_second_seed_an_architecture_and_a_pair_bring_the_plural_back():
    grid = {"architectures": ["distilbert", "roberta"], "seeds": [42, 43], "configurations": ["full", "lora-r8", "ia3"]}
    text = source(**SMALL | grid)
    for sentence in (
        "All 4 such differences at the base rate are distinguishable from zero.",
        ": of 6 pairs, ",
        "Adapters train ",
        "seeds 42 and 43.",
        r"Table~\ref{tab:architectures} sums up what stands out on each architecture",
        "over test texts and seeds",
    ):
        assert sentence in text, sentence


def test_what_no_pair_of_the_grid_differs_in_is_not_said():
    text = source(**SMALL)
    for absent in ("Of single steps in", "placement question", ", the probe rate", "a step in rank"):
        assert absent not in text


def test_what_pairs_of_the_grid_differ_in_is_said():
    text = source(**SMALL | {"configurations": ["full", "lora-r8", "lora-r16"], "probes": ["full-probe"]})
    assert "Of single steps in rank or the learning rate, " in text
    assert r"\textit{Rank:} LoRA r=8 to LoRA r=16, " in text
    assert r"\textit{Learning rate:} Full FT to Full FT probe, " in text
    assert r"The base rate is $10^{-5}$, the probe rate $2\times 10^{-5}$;" in text
    assert r"a step in rank is one in the scale $\alpha/r$, too." in text


def test_changes_over_architectures_are_given_by_their_ends():
    grid = {"architectures": ["distilbert", "roberta"], "configurations": ["lora-r8", "lora-r16"], "seeds": [42]}
    prepare(**SMALL | grid)
    text = changed_by_rank(distilbert=(0.80, 0.81), roberta=(0.80, 0.79))
    assert r"LoRA r=8 to LoRA r=16, $-$1.00\,pp to +1.00\,pp." in text
    text = changed_by_rank(distilbert=(0.80, 0.81), roberta=(0.70, 0.71))
    assert r"LoRA r=8 to LoRA r=16, +1.00\,pp." in text


def changed_by_rank(**accuracies: tuple[float, float]) -> str:
    for architecture, scores in accuracies.items():
        for configuration, score in zip(("lora-r8", "lora-r16"), scores, strict=True):
            edit(configuration, 42, score, architecture)
    return written()


@pytest.mark.parametrize(("above", "is_said"), [(0.001, True), (0.0, False), (None, False)])
def test_a_probe_of_the_frozen_base_that_is_right_more_often_than_adapters_is_told(above, is_said):
    prepare(**SMALL)
    results = paper.read_results()
    accuracy = None if above is None else results.mean("distilbert", "lora-ffn") + above
    base = results.bases["distilbert"].model_copy(update={"probe_accuracy": accuracy})
    text = written(results._replace(bases={"distilbert": base}))
    sentence = "a linear probe of the frozen encoder is right on more of the validation texts than the best adapter"
    assert (sentence in text) == is_said


def test_the_adapters_that_are_not_told_from_full_fine_tuning_are_named():
    grid = {"architectures": ["distilbert", "roberta"], "seeds": [42, 43], "configurations": ["full", "lora-r8", "ia3"]}
    prepare(**SMALL | grid)
    results = paper.read_results()
    undecided = ("roberta", {"full", "ia3"})
    tests = []
    for test in results.statistics.comparisons:
        is_it = (test.architecture, {test.first, test.second}) == undecided
        tests.append(test.model_copy(update={"verdict": "not distinguishable"}) if is_it else test)
    statistics = results.statistics.model_copy(update={"comparisons": tests})
    text = written(results._replace(statistics=statistics))
    assert "3 of 4 such differences at the base rate are distinguishable from zero; not so IA3 on mini-RoBERTa." in text


def test_what_adapters_are_below_at_the_probe_rate_is_said_where_they_are():
    probes = ["full-probe", "lora-ffn-probe"]
    prepare(**SMALL | {"probes": probes})
    edit("full-probe", 42, 0.85)
    edit("lora-ffn-probe", 42, 0.83)
    sentence = r"At the probe rate, the best of the adapters run there is 2.00\,pp below full fine-tuning."
    assert sentence in written()
    edit("lora-ffn-probe", 42, 0.86)
    assert "At the probe rate, the best" not in written()


def test_the_cell_whose_seeds_lie_furthest_apart_is_named():
    prepare(**SMALL | {"seeds": [42, 43]})
    edit("full", 42, 0.70)
    assert r"\,pp at most (Full FT)." in written()
    edit("full", 42, 0.90)
    edit("full", 43, 0.90)
    edit("lora-ffn", 42, 0.60)
    assert r"\,pp at most (LoRA FFN)." in written()


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
