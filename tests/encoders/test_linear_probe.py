import pytest
import torch

from stages.encoders.corpus import Corpus
from stages.encoders.linear_probe import first_token_features, probe
from tests.helpers.tiny_encoders import make


def test_features_do_not_depend_on_padding():
    encoder, tokenizer, corpus = make()
    alone = first_token_features(encoder, corpus.take([0]), tokenizer.pad_token_id)
    longer = Corpus([corpus.ids[0], corpus.ids[0] + corpus.ids[0][1:]], [0, 0])
    together = first_token_features(encoder, longer, tokenizer.pad_token_id)
    torch.testing.assert_close(alone[0], together[0])


def test_a_probe_reads_any_number_of_classes():
    """Of rows that it has seen, five sixths; a class that it has not seen is never right."""
    encoder, tokenizer, corpus = make()
    classes = Corpus(corpus.ids, [7 * (row // 3) for row in range(12)])
    assert probe(encoder, classes, classes, tokenizer.pad_token_id) == pytest.approx(5 / 6)
    assert probe(encoder, classes.take([0, 3]), classes.take([0]), tokenizer.pad_token_id) == 1.0
    assert probe(encoder, classes.take([0, 3]), classes.take([11]), tokenizer.pad_token_id) == 0.0


@pytest.mark.parametrize("fault", ["one class", "no rows", "one text", "no row to validate on", "not finite"])
def test_there_is_no_accuracy_where_nothing_can_be_read(fault):
    encoder, tokenizer, corpus = make()
    train, validation = corpus, corpus
    if fault == "one class":
        train = Corpus(corpus.ids, [1] * 12)
    elif fault == "no rows":
        train = Corpus([], [])
    elif fault == "one text":
        train = Corpus(corpus.ids[:1] * 12, corpus.ratings)
    elif fault == "no row to validate on":
        validation = Corpus([], [])
    else:
        torch.nn.init.constant_(encoder.embeddings.word_embeddings.weight, float("nan"))
    assert probe(encoder, train, validation, tokenizer.pad_token_id) is None
