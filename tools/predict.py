"""What a run predicts of texts: a line a text, with its class, the class's probability and the text.

Texts are arguments, or lines of a file or of standard input.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from stages.core.errors import InputError, run_stage
from stages.core.free_text import plain, visible
from stages.saved.saved_run import SavedRun, run_folder
from stages.training.startup import quiet_bitsandbytes

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerFast

    from stages.training.settings import RunSettings

BATCH = 32


def main(run: str, texts: list[str], file: str | None = None, pairs: bool = False) -> None:
    """Print the predictions.

    Raises:
        InputError: there is no such run, or nothing to predict, or a text is empty or no pair.
    """
    texts = texts_of(texts, file)
    rows = pairs_of(texts) if pairs else [(text,) for text in texts]
    folder = run_folder(run)
    quiet_bitsandbytes()
    from transformers import AutoTokenizer

    from stages.saved.loading import open_run
    from stages.training.run import quiet

    quiet()
    settings = SavedRun.of(folder).settings
    model = open_run(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    names = model.config.id2label
    for text, probabilities in zip(texts, predict(model, tokenizer, settings, rows), strict=True):
        label = int(probabilities.argmax())
        print(f"{plain(names[label])}\t{probabilities[label]:.4f}\t{visible(text)}")


def texts_of(texts: list[str], file: str | None) -> list[str]:
    """Those given, or the lines of ``file``, or else of standard input; none is empty."""
    if texts and file is not None:
        raise InputError("TEXT: not allowed beside --file")
    place = "TEXT"
    if not texts:
        place = "standard input" if file is None else file
        try:
            texts = (sys.stdin.read() if file is None else Path(file).read_text(encoding="utf-8")).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise InputError(f"{place}: {reason}; required: a text file in UTF-8, a text a line") from error
    if not texts:
        raise InputError(f"{place}: no text; required: at least one")
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            raise InputError(f"{place}: text {number} is empty; required: text in every line")
    return texts


def pairs_of(texts: list[str]) -> list[tuple[str, str]]:
    """Two texts of each, a tab between."""
    pairs = [tuple(text.split("\t")) for text in texts]
    for number, pair in enumerate(pairs, start=1):
        if len(pair) != 2 or not all(text.strip() for text in pair):
            raise InputError(f"--pairs: text {number} is no pair; required: two texts with one tab between")
    return pairs


def predict(
    model: "torch.nn.Module", tokenizer: "PreTrainedTokenizerFast", settings: "RunSettings", texts: list[tuple]
) -> list["torch.Tensor"]:
    """Probabilities (classes,) of each text or pair, computed as the run computed its own, on the CPU.

    Batches are of one length: nothing is padded.
    """
    import torch

    from stages.methods.quantization import autocast_dtype

    rows = [encode(tokenizer, text, settings.max_length, model.config) for text in texts]
    by_length = defaultdict(list)
    for index, row in enumerate(rows):
        by_length[len(row["input_ids"])].append(index)
    probabilities: list[torch.Tensor] = [torch.empty(0)] * len(texts)
    dtype = autocast_dtype(settings)
    with torch.inference_mode(), torch.autocast("cpu", dtype, enabled=dtype is not None):
        for same_length in by_length.values():
            for start in range(0, len(same_length), BATCH):
                chosen = same_length[start : start + BATCH]
                batch = {name: torch.tensor([rows[index][name] for index in chosen]) for name in rows[chosen[0]]}
                of_batch = model(**batch).logits.double().softmax(dim=1)
                for index, row in zip(chosen, of_batch, strict=True):
                    probabilities[index] = row
    return probabilities


def encode(tokenizer: "PreTrainedTokenizerFast", text: tuple, max_length: int, config: object) -> dict[str, list[int]]:
    """Token ids of a text or a pair, cut as in training.

    A pair has token types where the model tells its texts apart by them.
    """
    has_types = len(text) > 1 and (getattr(config, "type_vocab_size", None) or 0) > 1
    return dict(tokenizer(*text, truncation=True, max_length=max_length, return_token_type_ids=has_types))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", metavar="RUN", help="<architecture>/<configuration>/<seed>, or a copy of a run's folder")
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="none: lines of standard input")
    parser.add_argument("--file", help="a text a line, in UTF-8")
    parser.add_argument("--pairs", action="store_true", help="each text is a pair, a tab between")
    run_stage(main, **vars(parser.parse_args()))
