import numpy as np
import pytest

from stages.report.site.mistakes import OF_A_PAIR, disagreements, may_be_shown
from tests.helpers.preparation import make_card


@pytest.mark.parametrize(
    ("licence", "shown"),
    [
        ("MIT", True),
        ("apache-2.0", True),
        ("CC BY 4.0", True),
        ("cc-by-sa-3.0", True),
        ("CC0 1.0", True),
        ("cc-by-nc-4.0", False),
        ("CC BY-ND 4.0", False),
        ("cc-by-nc-nd-4.0", False),
        ("none stated by its authors", False),
        ("other", False),
        ("unknown", False),
        (None, False),
    ],
)
def test_texts_are_shown_where_the_licence_allows_it(licence, shown):
    assert may_be_shown(make_card(source="local", licence=licence)) == shown


def test_generated_texts_are_ours():
    assert may_be_shown(make_card(source="generated", licence=None))


class NothingTested:
    class statistics:  # noqa: N801
        comparisons = ()


def test_two_methods_disagree_where_all_runs_of_one_are_right_and_all_of_the_other_wrong():
    right = {
        ("a", "full"): np.array([[True, True, True, False], [True, True, False, False]]),
        ("a", "lora"): np.array([[False, False, True, False], [False, True, False, False]]),
        ("b", "full"): np.array([[True] * 4]),
    }
    assert disagreements(right, [], True, NothingTested) == {
        "a": {"full": {"lora": (1, [0])}, "lora": {"full": (0, [])}}
    }


def test_few_rows_are_named_and_first_those_that_are_shown_anyway():
    right = {("a", "full"): np.ones((1, 20), dtype=bool), ("a", "lora"): np.zeros((1, 20), dtype=bool)}
    count, rows = disagreements(right, [17], True, NothingTested)["a"]["full"]["lora"]
    assert (count, rows) == (20, [17, *range(OF_A_PAIR - 1)])


def test_of_many_configurations_the_tested_pairs_alone():
    right = {("a", "full"): np.ones((1, 2), dtype=bool), ("a", "lora"): np.zeros((1, 2), dtype=bool)}
    assert disagreements(right, [], False, NothingTested) == {}
