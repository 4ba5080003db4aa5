import math

import pytest
import torch

from stages.encoders.corpus import Corpus, pad
from stages.encoders.linear_probe import probe
from stages.encoders.pretraining import Pretraining
from tests.helpers.tiny_encoders import BASE, SIZES, make


@pytest.mark.parametrize("name", SIZES)
def test_pretraining_learns_both_objectives(name):
    encoder, tokenizer, corpus = make(name)
    run = Pretraining(encoder, tokenizer, corpus, BASE, 2)
    run.held_out = run.train  # twelve sentences are too few to hold any out
    before = run.evaluate()
    run.fit()
    after = run.evaluate()
    assert after["mlm_loss"] < after["mlm_loss_unigram"] < before["mlm_loss"]
    assert after["mlm_loss_unigram"] == before["mlm_loss_unigram"]
    assert after["rating_accuracy"] == 1.0
    assert probe(encoder, corpus, corpus, tokenizer.pad_token_id) == 1.0


@pytest.mark.parametrize("classes", [3, 6])
def test_ratings_of_more_classes_are_learnt(classes):
    encoder, tokenizer, corpus = make()
    subjects = Corpus(corpus.ids, [row // 4 for row in range(12)])  # plot, cast or score
    run = Pretraining(encoder, tokenizer, subjects, BASE.model_copy(update={"steps": 90}), classes)
    assert run.heads["rating"].out_features == classes
    run.held_out = run.train
    run.fit()
    assert run.evaluate()["rating_accuracy"] == 1.0
    assert probe(encoder, subjects, subjects, tokenizer.pad_token_id) == 1.0


def test_masked_words_alone_come_first():
    encoder, tokenizer, corpus = make()
    base = BASE.model_copy(update={"steps": 90, "mlm_first": 0.3})
    run = Pretraining(encoder, tokenizer, corpus, base, 2)
    run.held_out = run.train
    asked = []
    loss = run._loss

    def watched(rows, with_ratings):
        asked.append(with_ratings)
        return loss(rows, with_ratings)

    run._loss = watched
    run.fit()
    assert asked == [False] * 27 + [True] * 63
    assert run.evaluate()["rating_accuracy"] == 1.0


def test_a_loss_of_masked_words_alone_is_unweighted_and_leaves_the_rating_alone():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE.model_copy(update={"mlm_weight": 0.0}), 2)
    loss = run._loss([0, 1, 2, 3], with_ratings=False)
    assert loss > 1
    loss.backward()
    assert not run.heads["rating"].weight.grad.any()


def test_a_lone_row_is_learnt_from_and_held_out():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus.take([0]), BASE, 2)
    assert run.train == run.held_out == corpus.take([0])
    assert sum(1 for _ in run._batches()) == 60


def test_nothing_to_predict_has_no_loss():
    encoder, tokenizer, _ = make()
    run = Pretraining(encoder, tokenizer, Corpus(tokenizer(["", ""])["input_ids"], [-1, -1]), BASE, 2)
    run.fit()
    scores = {"mlm_loss": None, "mlm_loss_unigram": None, "mlm_tokens": 0, "rating_accuracy": None}
    assert run.evaluate() == scores
    assert all(parameter.isfinite().all() for parameter in encoder.parameters())


def test_without_ratings_it_is_masked_lm_alone():
    encoder, tokenizer, corpus = make(rated=False)
    run = Pretraining(encoder, tokenizer, corpus, BASE, 2)
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
    run = Pretraining(encoder, tokenizer, corpus, base, 2)
    run.fit()
    assert all(parameter.isfinite().all() for parameter in encoder.parameters())


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        encoder, tokenizer, corpus = make()
        Pretraining(encoder, tokenizer, corpus, BASE, 2).fit()
        weights.append(encoder.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_the_unigram_predictor_is_the_smoothed_frequency():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE, 2)
    run.train = Corpus([tokenizer("the plot the")["input_ids"]], [-1])
    the, plot = tokenizer.convert_tokens_to_ids(["the", "plot"])
    total = 3 + len(tokenizer)
    assert run._unigram()[the].item() == pytest.approx(math.log(3 / total))
    assert run._unigram()[plot].item() == pytest.approx(math.log(2 / total))
    assert run._unigram().exp().sum().item() == pytest.approx(1)


def test_special_tokens_and_unmasked_rows_stay_as_they_are():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE, 2)
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
    run = Pretraining(encoder, tokenizer, corpus, BASE.model_copy(update={"steps": 6, "batch_size": 4}), 2)
    batches = list(run._batches())
    assert len(batches) == 6
    for epoch in (batches[:3], batches[3:]):
        assert sorted(row for batch in epoch for row in batch) == list(range(11))


def test_the_rate_warms_up_and_falls_to_zero():
    encoder, tokenizer, corpus = make()
    run = Pretraining(encoder, tokenizer, corpus, BASE.model_copy(update={"steps": 20}), 2)
    assert [run._rate(step) for step in (0, 1, 2, 11, 20)] == [0.5, 1.0, 1.0, 0.5, 0.0]
