import pytest

from stages.published.scope import is_compared, is_discussed, why_not_compared
from stages.study.params import load_params
from stages.study.resolve import resolve_study
from tests.helpers.kinds import IMDB, SPAM
from tests.helpers.planted import full_study
from tests.helpers.preparation import make_card
from tests.helpers.tiny_study import ROOT

IMDB_CARD, FOREIGN_CARD = make_card(**IMDB.card), make_card(**SPAM.card)
SAMPLE = make_card(**IMDB.card, sampled_from={"train": 25_000})


@pytest.mark.parametrize(
    ("published", "card", "discussed"),
    [
        ("hanif2025", make_card(), True),
        ("hanif2025", IMDB_CARD, True),
        ("hanif2025", SAMPLE, True),
        ("hanif2025", FOREIGN_CARD, False),
        ("none", make_card(), False),
        ("none", IMDB_CARD, False),
    ],
)
def test_the_published_study_is_a_subject_beside_film_reviews_alone(published, card, discussed):
    study = full_study().model_copy(update={"published": published})
    assert is_discussed(study, card) is discussed


@pytest.mark.parametrize(
    ("changes", "card", "reason"),
    [
        ({}, IMDB_CARD, None),
        ({"small_scale": True}, IMDB_CARD, "a small-scale profile decides nothing about the full-size study"),
        (
            {"rate_factors": [3]},
            IMDB_CARD,
            "rates that suit each method decide nothing about a study of the same rates for all",
        ),
        ({}, make_card(), "other data than its own decide nothing about the published study"),
        ({}, FOREIGN_CARD, "other data than its own decide nothing about the published study"),
        ({}, SAMPLE, "a sample of its data decides nothing about the published study"),
        (
            {"base_source": "local"},
            IMDB_CARD,
            "other checkpoints than its own decide nothing about the published study",
        ),
    ],
)
def test_only_its_own_data_and_size_decide_about_it(changes, card, reason):
    study = full_study().model_copy(update=changes)
    assert why_not_compared(study, card) == reason
    assert is_compared(study, card) is (reason is None)


def test_without_a_subject_there_is_no_comparison():
    assert not is_compared(full_study().model_copy(update={"published": "none"}), IMDB_CARD)
    assert not is_compared(resolve_study(load_params(ROOT / "params.yaml")), make_card())


@pytest.mark.parametrize(
    ("hub_id", "compared"),
    [("roberta-base", True), ("FacebookAI/roberta-base", True), ("somebody/roberta-base", False)],
)
def test_only_its_own_checkpoints_decide_about_it(hub_id, compared):
    study = full_study()
    other = study.architectures["roberta"].model_copy(update={"hub_id": hub_id})
    study = study.model_copy(update={"architectures": study.architectures | {"roberta": other}})
    assert is_compared(study, IMDB_CARD) is compared
