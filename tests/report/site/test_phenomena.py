import numpy as np
import pandas as pd
import pytest

from stages.data.grammar import load_grammar
from stages.report.site.phenomena import constructions, phenomena
from tests.helpers.preparation import make_card

PATTERNS = constructions(load_grammar())


@pytest.mark.parametrize(
    ("sentence", "there"),
    [
        ("although the story was witty, the romance was not quotable.", {"a contrast", "a negation"}),
        ("the story was witty, yet the cast was dull.", {"a contrast"}),
        ("nobody would call the jokes funny.", {"a negation"}),
        ("the plot was far from good.", {"a negation"}),
        ("the plot was very good.", {"an intensifier"}),
        ("the plot was good. the usher clapped.", {"an opinion shared"}),
        ("the plot was good. the critics hissed.", {"an opinion not shared"}),
        ("the bread was good. i beg to differ.", {"an opinion not shared"}),
        ("the plot was good. a sober film.", set()),
    ],
)
def test_constructions_of_the_grammar(sentence, there):
    assert {name for name, pattern in PATTERNS.items() if pattern.search(sentence)} == there


def test_of_foreign_data_length_alone_is_known():
    test = pd.DataFrame({"text": ["while it was long, it was not good at all", "short"]})
    found = phenomena(make_card(source="local"), test)
    assert [phenomenon.name for phenomenon in found] == ["longer than the median text"]
    assert np.array_equal(found[0].has, [True, False])


def test_what_all_texts_have_or_none_is_left_out():
    assert phenomena(make_card(source="local"), pd.DataFrame({"text": ["a b", "c d"]})) == []
