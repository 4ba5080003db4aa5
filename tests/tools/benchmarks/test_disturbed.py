import json
from pathlib import Path

import pytest

from stages.core.errors import InputError
from tools.benchmarks import disturbed

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_sentences_differ_in_words_and_not_in_numbers():
    first = "% 3 words\nIt takes \\traced{a.seconds}{3.9\\,s}, or 12.5 of\nthem. None is on it.\nNone is on it."
    second = "It takes \\traced{b.seconds}{2.4\\,s}, or 7 of them. None is on it. IA3 is on it."
    assert disturbed.sentences(first) == {"It takes #, or # of them.": 1, "None is on it.": 2}
    only = disturbed.sentences(first) - disturbed.sentences(second)
    assert only == {"None is on it.": 1}


def test_verdicts_are_found_at_any_depth():
    Path("metrics").mkdir()
    claims = {"claims": [{"id": "a", "ours": {"verdict": "holds"}, "stated": [{"verdict": None, "value": 1.0}]}]}
    Path("metrics/claims.json").write_text(json.dumps(claims), encoding="utf-8")
    expected = {".claims.0.ours.verdict: holds", ".claims.0.stated.0.verdict: None"}
    assert disturbed.verdicts(Path()) == expected


def test_a_stage_that_fails_ends_the_benchmark_with_what_it_said():
    with pytest.raises(InputError, match=r"^stages\.nothing with it: .*No module named "):
        disturbed.execute(Path(), "stages.nothing", "with", "it")
