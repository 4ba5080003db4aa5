import math

import pytest
import torch

from stages.core.errors import InputError
from stages.encoders.base_report import BaseReport
from stages.encoders.miniature import Corpus, build_encoder, first_token_features, pad, probe
from stages.encoders.pretraining import Pretraining, check_helped
from stages.encoders.settings import PretrainedBase
from stages.encoders.tokenizers import train_tokenizer
from stages.study.params import load_params

SIZES = {
    "distilbert": {"dim": 16, "n_layers": 1, "n_heads": 2, "hidden_dim": 32},
    "roberta": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
    "deberta": {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32},
}
BASE = PretrainedBase(
    source="pretrain", vocab_size=300, steps=60, batch_size=8, learning_rate=0.01, mlm_weight=0.3, seed=5
)
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
    rating_accuracy=0.8,
    probe_accuracy=0.7,
    probe_accuracy_random=0.6,
)
TEXTS = [
    f"the {subject} was {word}" for subject in ("plot", "cast", "score") for word in ("good", "fine", "bad", "poor")
]


def family(name: str):
    return load_params().architecture[name].model_copy(update={"miniature": SIZES[name]})


def make(name: str = "distilbert", base: PretrainedBase = BASE, rated: bool = True):
    """Twelve sentences in which two words are praise and two blame."""
    tokenizer = train_tokenizer(family(name).tokenizer, TEXTS, 300, 16)
    torch.manual_seed(base.seed)
    encoder = build_encoder(family(name), tokenizer, 16)
    ratings = [int(i % 4 < 2) if rated else -1 for i in range(len(TEXTS))]
    corpus = Corpus(tokenizer(TEXTS)["input_ids"], ratings)
    return encoder, tokenizer, corpus


@pytest.mark.parametrize("name", SIZES)
def test_an_encoder_fits_its_tokenizer_and_length(name):
    encoder, tokenizer, _ = make(name)
    assert encoder.config.vocab_size == len(tokenizer)
    assert encoder.config.pad_token_id == tokenizer.pad_token_id
    ids = torch.full((1, 16), tokenizer.mask_token_id)
    assert encoder(ids).last_hidden_state.shape == (1, 16, 16)


def test_deberta_attends_to_relative_positions_as_version_three_does():
    config = make("deberta")[0].config
    assert (config.relative_attention, config.pos_att_type, config.position_buckets) == (True, ["p2c", "c2p"], 8)
    assert (config.share_att_key, config.norm_rel_ebd) == (True, "layer_norm")
    assert (config.position_biased_input, config.type_vocab_size) == (False, 0)


def test_a_size_that_does_not_divide_is_an_input_error():
    wrong = family("roberta").model_copy(update={"miniature": SIZES["roberta"] | {"num_attention_heads": 3}})
    tokenizer = train_tokenizer("byte-bpe", TEXTS, 300, 16)
    with pytest.raises(InputError) as error:
        build_encoder(wrong, tokenizer, 16)
    assert str(error.value).startswith("miniature: {'hidden_size': 16, ")
    assert "\n" not in str(error.value)


def test_pad_marks_what_is_text():
    ids, attention = pad([[5, 6, 7], [8]], pad_id=1)
    assert ids.tolist() == [[5, 6, 7], [8, 1, 1]]
    assert attention.tolist() == [[1, 1, 1], [1, 0, 0]]


def test_features_do_not_depend_on_padding():
    encoder, tokenizer, corpus = make()
    alone = first_token_features(encoder, corpus.ids[:1], tokenizer.pad_token_id)
    longer = [corpus.ids[0], corpus.ids[0] + corpus.ids[0][1:]]
    together = first_token_features(encoder, longer, tokenizer.pad_token_id)
    torch.testing.assert_close(alone[0], together[0])


@pytest.mark.parametrize("name", SIZES)
def test_pretraining_learns_both_objectives(name):
    encoder, tokenizer, corpus = make(name)
    run = Pretraining(encoder, tokenizer, corpus, BASE)
    run.held_out = run.train  # twelve sentences are too few to hold any out
    before = run.evaluate()
    run.fit()
    after = run.evaluate()
    assert after["mlm_loss"] < after["mlm_loss_unigram"] < before["mlm_loss"]
    assert after["mlm_loss_unigram"] == before["mlm_loss_unigram"]
    assert after["rating_accuracy"] == 1.0
    assert probe(encoder, corpus, corpus, tokenizer.pad_token_id) == 1.0


def test_without_ratings_it_is_masked_lm_alone():
    encoder, tokenizer, corpus = make(rated=False)
    run = Pretraining(encoder, tokenizer, corpus, BASE)
    head = run.heads["rating"].weight.clone()
    before = run.evaluate()
    run.fit()
    assert run.evaluate()["rating_accuracy"] is None
    assert run.evaluate()["mlm_loss"] < before["mlm_loss"]
    # Its gradient is zero at every step: weight decay shrinks it and nothing turns it.
    turn = torch.cosine_similarity(run.heads["rating"].weight.flatten(), head.flatten(), dim=0)
    assert turn.item() == pytest.approx(1)


def test_without_masked_lm_only_ratings_count():
    base = BASE.model_copy(update={"mlm_weight": 0.0})
    encoder, tokenizer, corpus = make(base=base)
    run = Pretraining(encoder, tokenizer, corpus, base)
    run.fit()
    assert all(parameter.isfinite().all() for parameter in encoder.parameters())


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        encoder, tokenizer, corpus = make()
        Pretraining(encoder, tokenizer, corpus, BASE).fit()
        weights.append(encoder.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_the_unigram_predictor_is_the_smoothed_frequency():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE)
    run.train = Corpus([tokenizer("the plot the")["input_ids"]], [-1])
    the, plot = tokenizer.convert_tokens_to_ids(["the", "plot"])
    total = 3 + len(tokenizer)
    assert run._unigram()[the].item() == pytest.approx(math.log(3 / total))
    assert run._unigram()[plot].item() == pytest.approx(math.log(2 / total))
    assert run._unigram().exp().sum().item() == pytest.approx(1)


def test_special_tokens_and_unmasked_rows_stay_as_they_are():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE)
    ids, _ = pad(corpus.ids * 40, tokenizer.pad_token_id)
    masked = torch.arange(len(ids)) % 2 == 0
    corrupted, chosen = run._mask(ids, masked, run.rng)
    special = torch.isin(ids, torch.tensor(tokenizer.all_special_ids))
    assert not (chosen & special).any()
    assert not chosen[~masked].any()
    assert torch.equal(corrupted[~chosen], ids[~chosen])
    assert chosen[masked].sum().item() / (~special)[masked].sum().item() == pytest.approx(0.15, abs=0.03)
    shares = (corrupted[chosen] == tokenizer.mask_token_id).float().mean().item()
    assert shares == pytest.approx(0.8, abs=0.08)


def test_batches_visit_every_row_once_an_epoch():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE.model_copy(update={"steps": 6, "batch_size": 4}))
    batches = list(run._batches())
    assert len(batches) == 6
    for epoch in (batches[:3], batches[3:]):
        assert sorted(row for batch in epoch for row in batch) == list(range(11))


def test_the_rate_warms_up_and_falls_to_zero():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE.model_copy(update={"steps": 20}))
    assert [run._rate(step) for step in (0, 1, 2, 11, 20)] == [0.5, 1.0, 1.0, 0.5, 0.0]


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
            {"probe_accuracy": 0.6},
            "pretraining did not help: probe accuracy 0.600, random encoder 0.600; "
            "change base.steps (60) or base.learning_rate",
        ),
    ],
)
def test_a_pretraining_that_did_not_help_is_an_error(changes, message):
    with pytest.raises(InputError) as error:
        check_helped(REPORT.model_copy(update=changes), BASE)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("changes", "base"),
    [
        ({}, {}),
        ({"probe_accuracy": 0.5, "rating_accuracy": None}, {}),
        ({"mlm_loss_last": 9.0}, {"mlm_weight": 0.0}),
        ({"mlm_loss_last": 9.0, "probe_accuracy": 0.5}, {"steps": 0}),
    ],
)
def test_only_what_was_trained_has_to_help(changes, base):
    check_helped(REPORT.model_copy(update=changes), BASE.model_copy(update=base))
