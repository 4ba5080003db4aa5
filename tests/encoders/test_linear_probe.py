import torch

from stages.encoders.linear_probe import first_token_features
from tests.helpers.tiny_encoders import make


def test_features_do_not_depend_on_padding():
    encoder, tokenizer, corpus = make()
    alone = first_token_features(encoder, corpus.ids[:1], tokenizer.pad_token_id)
    longer = [corpus.ids[0], corpus.ids[0] + corpus.ids[0][1:]]
    together = first_token_features(encoder, longer, tokenizer.pad_token_id)
    torch.testing.assert_close(alone[0], together[0])
