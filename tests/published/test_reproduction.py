from types import SimpleNamespace

import pytest

from stages.published.printed import read_printed
from stages.published.reproduction import reproductions
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.kinds import IMDB, SPAM
from tests.helpers.planted import full_study
from tests.helpers.preparation import make_card
from tests.helpers.tiny_study import ROOT

PRINTED, IMDB_CARD = read_printed(), make_card(**IMDB.card)


def statistics(mean: float, half: float):
    """Only what ``reproductions`` reads."""
    interval = SimpleNamespace(low=mean - half, high=mean + half)
    cell = SimpleNamespace(architecture="roberta", configuration="full", mean=mean, interval=interval)
    return SimpleNamespace(accuracy=[cell], examples=24_678, confidence=0.95)


@pytest.mark.parametrize(
    ("mean", "half", "verdict"),
    [
        (0.940, 0.001, "reproduced"),
        (0.900, 0.001, "not reproduced"),
        (0.940, 0.02, "cannot be decided here"),
    ],
)
def test_published_against_reproduced(mean, half, verdict):
    [found] = reproductions(full_study(), IMDB_CARD, PRINTED.runs, statistics(mean, half))
    assert (found.verdict, found.published) == (verdict, 93.9)


def test_only_a_comparable_profile_reproduces():
    small = resolve_study(load_params(ROOT / "params.yaml"))
    assert reproductions(small, IMDB_CARD, PRINTED.runs, statistics(0.94, 0.001)) == []
    assert reproductions(full_study(lr=3e-5), IMDB_CARD, PRINTED.runs, statistics(0.94, 0.001)) == []
    assert reproductions(full_study(), make_card(**SPAM.card), PRINTED.runs, statistics(0.94, 0.001)) == []
