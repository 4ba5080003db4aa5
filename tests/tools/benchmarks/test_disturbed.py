import json
from pathlib import Path

import pytest

from stages.core.errors import InputError
from tests.helpers.paper import prepare
from tests.helpers.statistics import with_shares
from tools.benchmarks import disturbed

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_sentences_differ_in_words_and_not_in_numbers():
    first = "% 3 words\nIt takes \\traced{a.seconds}{3.9\\,s}, or 12.5 of\nthem. None is on it.\nNone is on it."
    second = "It takes \\traced{b.seconds}{2.4\\,s}, or 7 of them. None is on it. IA3 is on it."
    assert disturbed.sentences(first) == {"It takes #, or # of them.": 1, "None is on it.": 2}
    only = disturbed.sentences(first) - disturbed.sentences(second)
    assert only == {"None is on it.": 1}


def test_a_number_and_a_range_of_numbers_are_the_same():
    one = "It takes \\traced{a}{1.2} to \\traced{b}{1.3}\ntimes the time and \\traced{c}{1.01} times the memory."
    other = "It takes \\traced{a}{1.2} times the time and \\traced{c}{1.01} to\n\\traced{d}{1.02} times the memory."
    assert (
        disturbed.sentences(one)
        == disturbed.sentences(other)
        == {"It takes # times the time and # times the memory.": 1}
    )


def test_a_mark_is_of_a_cell_that_is_said_to_be_on_a_frontier():
    prepare(architectures=["distilbert"], configurations=["full", "ia3"], probes=[])
    with_shares(disturbed.statistics(Path()), {("peak_memory", "full"): 0.95}, otherwise=0.94).write()
    assert disturbed.frontier_marks(Path()) == {"peak_memory distilbert full"}


def test_verdicts_are_found_at_any_depth():
    Path("metrics").mkdir()
    claims = {"claims": [{"id": "a", "ours": {"verdict": "holds"}, "stated": [{"verdict": None, "value": 1.0}]}]}
    Path("metrics/claims.json").write_text(json.dumps(claims), encoding="utf-8")
    expected = {".claims.0.ours.verdict: holds", ".claims.0.stated.0.verdict: None"}
    assert disturbed.verdicts(Path()) == expected


def test_a_stage_that_fails_ends_the_benchmark_with_what_it_said():
    with pytest.raises(InputError, match=r"^stages\.nothing with it: .*No module named "):
        disturbed.execute(Path(), "stages.nothing", "with", "it")
