import math

import pytest

from stages.core.errors import InputError
from stages.encoders.base_report import BaseReport
from tests.helpers.tiny_encoders import BASE

REPORT = BaseReport(
    source="pretrain",
    revision=None,
    checkpoint_sha256="0" * 64,
    files={},
    parameters=1,
    vocab_size=300,
    steps=60,
    mlm_loss_last=2.0,
    mlm_loss_unigram=3.0,
    mlm_tokens=1000,
    rating_accuracy=0.8,
    probe_accuracy=0.7,
    probe_accuracy_random=0.6,
    probe_rows=100,
)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"mlm_loss_last": 3.0},
            "pretraining did not help: masked-LM loss 3.000, unigram predictor 3.000; "
            "change base.steps (60) or base.learning_rate",
        ),
        (
            {"mlm_loss_last": math.nan},
            "pretraining did not help: masked-LM loss nan, unigram predictor 3.000; "
            "change base.steps (60) or base.learning_rate",
        ),
        (
            {"probe_accuracy": 0.59},
            "pretraining did not help: probe accuracy 0.590, random encoder 0.600; "
            "change base.steps (60) or base.learning_rate",
        ),
    ],
)
def test_a_pretraining_that_did_not_help_is_an_error(changes, message):
    with pytest.raises(InputError) as error:
        REPORT.model_copy(update=changes).require_helped(BASE)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("changes", "base"),
    [
        ({}, {}),
        ({"probe_accuracy": 0.5, "rating_accuracy": None}, {}),
        ({"mlm_loss_last": 9.0}, {"mlm_weight": 0.0}),
        ({"mlm_loss_last": 9.0, "mlm_tokens": 999}, {}),
        ({"mlm_loss_last": None, "mlm_loss_unigram": None, "mlm_tokens": 0}, {}),
        ({"probe_accuracy": 0.6}, {}),
        ({"probe_accuracy": 0.5, "probe_rows": 99}, {}),
        ({"probe_accuracy": None}, {}),
        ({"probe_accuracy_random": None}, {}),
        ({"mlm_loss_last": 9.0, "probe_accuracy": 0.5}, {"steps": 0}),
    ],
)
def test_only_what_was_trained_has_to_help_and_only_where_enough_rows_tell(changes, base):
    REPORT.model_copy(update=changes).require_helped(BASE.model_copy(update=base))
