"""Train the tokenizer of each encoder family on the corpus at hand, the same one every time.

The WordPiece and Unigram trainers of the ``tokenizers`` library walk a randomly seeded hash map, so their
vocabularies differ from process to process; its byte-pair trainer does not. Byte-pair merges therefore
choose the pieces for all three families, and each family's own model does the splitting: merge order
(byte-level BPE), longest match (WordPiece) or the most probable path (Unigram).
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    DebertaV2TokenizerFast,
    DistilBertTokenizerFast,
    PreTrainedTokenizerFast,
    RobertaTokenizerFast,
)

Kind = Literal["wordpiece", "byte-bpe", "unigram"]

# Characters with a piece of their own; the rest of Unicode becomes the unknown token. Scripts of many characters, such
# as Chinese, have as many as make up this share of the texts, or this share of the vocabulary.
ALPHABET = 256
COVERED = 0.999
OF_VOCABULARY = 0.25
SPECIAL = {  # in the order of their ids
    "wordpiece": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "byte-bpe": ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    "unigram": ("[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"),
}


def train_tokenizer(kind: Kind, texts: Iterable[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    """Train a family's tokenizer: DistilBERT (wordpiece), RoBERTa (byte-bpe) or DeBERTa-v3 (unigram).

    Args:
        texts: documents.
        vocab_size: upper bound of the number of ids, special tokens included; byte-bpe needs at least 261.
        max_length: stored in the tokenizer as ``model_max_length``; tokens, special ones included.

    Returns:
        A tokenizer of the family's own class, which ``AutoTokenizer.from_pretrained`` restores once saved.
    """
    train = {"wordpiece": _wordpiece, "byte-bpe": _byte_bpe, "unigram": _unigram}[kind]
    return train(texts, vocab_size, max_length)


def _wordpiece(texts: Iterable[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    def mark(pieces: list[str]) -> list[str]:
        return pieces[:1] + [f"##{piece}" for piece in pieces[1:]]

    backend = DistilBertTokenizerFast().backend_tokenizer
    counts = _count_pieces(backend, texts, vocab_size, mark)
    characters = {piece.removeprefix("##") for piece in counts if len(piece.removeprefix("##")) == 1}
    alphabet = sorted(characters) + sorted(f"##{character}" for character in characters)
    pieces = _most_frequent(counts, alphabet, vocab_size - len(SPECIAL["wordpiece"]))
    vocabulary = {piece: index for index, piece in enumerate([*SPECIAL["wordpiece"], *pieces])}
    return DistilBertTokenizerFast(vocab=vocabulary, model_max_length=max_length)


def _unigram(texts: Iterable[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    backend = DebertaV2TokenizerFast().backend_tokenizer
    # No piece joins a word to its comma, as in SentencePiece; the finished model then splits there by itself.
    backend.pre_tokenizer = pre_tokenizers.Sequence([backend.pre_tokenizer, pre_tokenizers.Punctuation()])
    counts = _count_pieces(backend, texts, vocab_size, list)
    alphabet = sorted(piece for piece in counts if len(piece) == 1)
    pieces = _most_frequent(counts, alphabet, vocab_size - len(SPECIAL["unigram"]))
    total = sum(counts[piece] + 1 for piece in pieces)  # add-one: a character may occur in longer pieces alone
    scored = [(piece, math.log((counts[piece] + 1) / total)) for piece in pieces]
    vocabulary = [(token, 0.0) for token in SPECIAL["unigram"]] + scored
    return DebertaV2TokenizerFast(vocab=vocabulary, model_max_length=max_length)


def _byte_bpe(texts: Iterable[str], vocab_size: int, max_length: int) -> PreTrainedTokenizerFast:
    family = RobertaTokenizerFast().backend_tokenizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trained = _train_bpe(family, list(texts), vocab_size, SPECIAL["byte-bpe"], alphabet)
    model = json.loads(trained.to_str())["model"]
    merges = [tuple(merge) for merge in model["merges"]]
    return RobertaTokenizerFast(vocab=model["vocab"], merges=merges, model_max_length=max_length)


def _train_bpe(
    family: Tokenizer,
    texts: Sequence[str],
    vocab_size: int,
    special: Sequence[str] = (),
    alphabet: Sequence[str] = (),
) -> Tokenizer:
    """A plain byte-pair tokenizer that normalises and splits words as ``family`` does."""
    tokenizer = Tokenizer(models.BPE())
    if family.normalizer is not None:
        tokenizer.normalizer = family.normalizer
    tokenizer.pre_tokenizer = family.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(special),
        initial_alphabet=sorted(alphabet),
        limit_alphabet=alphabet_size(texts, vocab_size),
        min_frequency=2,  # else a whole text is a piece where nothing parts words
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def alphabet_size(texts: Sequence[str], vocab_size: int) -> int:
    """How many characters get a piece of their own: the commonest ones."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(text)
    enough = COVERED * counts.total()
    covered = size = 0
    for _, count in counts.most_common(int(OF_VOCABULARY * vocab_size)):
        if covered >= enough:
            break
        covered, size = covered + count, size + 1
    return max(size, ALPHABET)


def _count_pieces(
    family: Tokenizer, texts: Iterable[str], vocab_size: int, mark: Callable[[list[str]], list[str]]
) -> Counter[str]:
    """How often each byte-pair piece occurs, every character listed; ``mark`` renames the pieces of a word."""
    texts = list(texts)
    bpe = _train_bpe(family, texts, vocab_size)
    words: Counter[str] = Counter()
    for text in texts:
        normal = family.normalizer.normalize_str(text)
        words.update(word for word, _ in family.pre_tokenizer.pre_tokenize_str(normal))
    counts = Counter({piece: 0 for piece in bpe.get_vocab() if len(piece) == 1})
    for word, count in words.items():
        pieces = [token.value for token in bpe.model.tokenize(word)]
        for piece in mark(pieces):
            counts[piece] += count
    return counts


def _most_frequent(counts: Counter[str], alphabet: list[str], size: int) -> list[str]:
    """The alphabet, then the commonest other pieces, ``size`` in all; ties in alphabetical order."""
    known = set(alphabet)
    others = [piece for piece in counts if piece not in known]
    others.sort(key=lambda piece: (-counts[piece], piece))
    return alphabet + others[: max(size - len(alphabet), 0)]
