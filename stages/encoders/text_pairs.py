"""Pairs of texts as token ids, cut to a length."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

SEPARATOR = "\n"  # before the second text of a pair, for tokenizers that put no token of their own there


def encode_pairs(
    tokenizer: "PreTrainedTokenizerFast", texts: list[str], pairs: list[str], max_length: int, with_segments: bool
) -> dict[str, list]:
    """Columns of ``data/tokenized`` but the label; of a pair that is too long the longer text is cut first.

    Each text is encoded and cut by itself: the library, asked for a pair, also makes every combination of the pieces
    of both (7 seconds and 5 GB for one pair of 20,000 tokens each). Qwen2's tokenizer, as others of decoders, joins
    both texts without a mark.
    """
    special = tokenizer.num_special_tokens_to_add(pair=True)
    if special == tokenizer.num_special_tokens_to_add(pair=False):
        pairs = [SEPARATOR + pair for pair in pairs]
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    frame = _frame(backend)
    columns = {"input_ids": [], "attention_mask": [], "length": [], "true_length": []}
    columns |= {"token_type_ids": []} if with_segments else {}
    encoded = (backend.encode_batch(column, add_special_tokens=False) for column in (texts, pairs))
    for both in zip(*encoded, strict=True):
        lengths = [len(text) for text in both]
        columns["true_length"].append(sum(lengths) + special)
        room = longest_first(*lengths, max_length - special)
        kept = [_cut(text.ids, most, tokenizer.truncation_side) for text, most in zip(both, room, strict=True)]
        ids, segments = _framed(kept, frame)
        columns["input_ids"].append(ids)
        columns["attention_mask"].append([1] * len(ids))
        columns["length"].append(len(ids))
        if with_segments:
            columns["token_type_ids"].append(segments)
    return columns


def longest_first(first: int, second: int, room: int) -> tuple[int, int]:
    """How many tokens of both texts are kept, ``room`` together: a cut text keeps at least as many as the other has.

    As the truncation strategy of that name in Transformers' fast tokenizers, odd rooms included.
    """
    if first + second <= room:
        return first, second
    half = room // 2
    if min(first, second) <= half:
        return (first, room - first) if first <= second else (room - second, second)
    return (half, room - half) if first <= second else (room - half, half)


def _cut(ids: list[int], most: int, side: str) -> list[int]:
    return ids[:most] if side == "right" else ids[len(ids) - most :]


class _Part(NamedTuple):
    """Of a pair as the model reads it: a special token, or one of the two texts (0 or 1) whole."""

    text: int | None
    token: int  # the special one's id
    segment: int


def _frame(backend: "Tokenizer") -> list[_Part]:
    """What stands around two texts, in order, as the tokenizer itself puts it around an example."""
    example = backend.encode("a", "a")
    frame = []
    for text, token, segment in zip(example.sequence_ids, example.ids, example.type_ids, strict=True):
        is_next_of_same = text is not None and frame and frame[-1].text == text
        if not is_next_of_same:
            frame.append(_Part(text, token, segment))
    return frame


def _framed(texts: list[list[int]], frame: list[_Part]) -> tuple[list[int], list[int]]:
    """Token ids of a pair with its special tokens, and the segment of each."""
    ids, segments = [], []
    for part in frame:
        tokens = [part.token] if part.text is None else texts[part.text]
        ids += tokens
        segments += [part.segment] * len(tokens)
    return ids, segments
