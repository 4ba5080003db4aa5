"""Sentences on classes, labels and duplicates, and on runs that tell no classes apart."""

import pytest

from stages import paper
from tests.helpers.kinds import FOREIGN
from tests.helpers.paper import prepare, written

pytestmark = pytest.mark.usefixtures("in_empty_folder")

GRID = {"architectures": ["distilbert", "roberta"], "probes": [], "seeds": [42, 43]}
ONE = {"architectures": ["distilbert"], "configurations": ["full", "lora-ffn"], "probes": [], "seeds": [42]}
ALL = ("full", "lora-r8", "lora-r16", "lora-ffn", "qlora-ffn", "ia3", "qlora-ffn-probe")


def test_scores_of_runs_that_all_name_one_class_compare_no_methods():
    prepare(kind=FOREIGN["rare"]._replace(constant=ALL), **GRID)
    text = written()
    assert "none has learnt what tells texts apart, so their scores do not compare the methods." in text
    assert "No run of the headline grid tells texts apart, so their scores do not compare the methods." in text
    for absent in ("The best adapter is", "The best adapter at that rate is", "reach the same mean test"):
        assert absent not in text


def test_cells_of_one_answer_on_several_architectures_are_joined_by_of():
    prepare(kind=FOREIGN["rare"]._replace(constant=("full", "ia3")), **GRID)
    results = paper.read_results()
    runs = [
        run for run in results.statistics.calibration if (run.architecture, run.configuration) != ("roberta", "full")
    ]
    text = written(results._replace(statistics=results.statistics.model_copy(update={"calibration": runs})))
    assert (
        "Runs of Full FT and IA3 on mini-DistilBERT, and of IA3 on mini-RoBERTa give every test text the same class"
        in text
    )


def test_sentences_on_means_name_the_measure_where_it_is_not_accuracy():
    prepare(kind=FOREIGN["rare"], **GRID)
    text = written()
    assert "those with a mean in macro-F1 above the bag of words." in text
    assert "means in macro-F1 of the headline grid" in text


def test_sentences_on_means_leave_accuracy_unnamed():
    prepare(kind=FOREIGN["spam"], **GRID)
    assert "in macro-F1" not in written()


def test_a_most_frequent_class_of_training_alone_is_told_from_that_of_the_test():
    prepare(kind=FOREIGN["rare"], **GRID)
    results = paper.read_results()
    majority = results.baselines.majority.model_copy(update={"label": 1})
    text = written(results._replace(baselines=results.baselines.model_copy(update={"majority": majority})))
    assert r"no class has more than 95.0\% of the training texts or 95.0\% of the test texts." in text
    assert r"always naming \textit{fraud}" in text
    assert "the more frequent class" not in text


@pytest.mark.parametrize(
    ("dropped", "sentence"),
    [
        ({"(no label)": 20}, "20 rows of the source are left out for want of a label."),
        ({"(no label)": 1, "odd": 2}, "1 row of the source is left out for want of a label. 2 rows of the source are"),
    ],
)
def test_rows_without_a_label_are_told_from_labels_left_out(dropped, sentence):
    spam = FOREIGN["spam"]
    prepare(kind=spam._replace(card=dict(spam.card, dropped_labels=dropped)), **ONE)
    text = written()
    assert sentence in text
    assert ("that the settings leave out" in text) is (len(dropped) > 1)
    assert "(no label)" not in text


@pytest.mark.parametrize(
    ("removed", "sentence"),
    [
        (0, "The source has no exact duplicates to remove."),
        (50, "Exact duplicates are removed before the splits are carved: 50."),
    ],
)
def test_duplicates_of_a_source_without_a_test_split_are_those_of_its_one_split(removed, sentence):
    prepare(kind=FOREIGN["pairs"], **ONE)
    results = paper.read_results()
    splits = dict(results.card.splits)
    splits["train"] = splits["train"].model_copy(update={"duplicates_removed": removed})
    splits["test"] = splits["test"].model_copy(update={"duplicates_removed": 0})
    text = written(results._replace(card=results.card.model_copy(update={"splits": splits})))
    assert sentence in text
    assert "test split of the source" not in text


def test_why_classes_are_called_by_their_numbers():
    names = [f"the category of very long names numbered {index}" for index in range(3)]
    pairs = FOREIGN["pairs"]
    prepare(kind=pairs._replace(card=dict(pairs.card, classes=names)), **ONE)
    text = written()
    assert r"\textit{class 0}, \textit{class 1}, and \textit{class 2}" in text
    assert "Classes whose names are alike once shortened are called by their numbers." in text
    assert "lack characters of a class's name" not in text
