"""Data of a few rows, or of next to nothing, makes an encoder all the same."""

from pathlib import Path

import pytest
from transformers import AutoModel, AutoTokenizer

from stages.encoders.base_report import BaseReport
from stages.encoders.miniature import make_miniature
from stages.encoders.settings import BaseSettings
from tests.helpers.raw_splits import BINARY, write_raw
from tests.helpers.tiny_encoders import BASE, family

pytestmark = [
    pytest.mark.usefixtures("in_empty_folder"),
    pytest.mark.parametrize("architecture", ["distilbert", "roberta", "deberta"]),
]


def make(architecture: str) -> BaseReport:
    """Pretrain into ``model`` for three steps, with more vocabulary asked for than there are words."""
    base = BASE.model_copy(update={"steps": 3, "vocab_size": 30_000})
    settings = BaseSettings(architecture=architecture, family=family(architecture), base=base, max_length=32, threads=1)
    Path("model").mkdir()
    report = BaseReport.of(settings, {"model.safetensors": "0"}, make_miniature(settings, Path("model")))
    report.require_helped(base)
    return report


@pytest.mark.parametrize("rated", [True, False])
def test_twenty_pairs_of_three_classes(architecture, rated):
    """Both texts of a pair are learnt from, and the vocabulary is as small as the texts make it."""
    pairs = {
        "text": [f"the {word} was new" for word in ("plot", "cast", "score", "house", "mouse")] * 4,
        "pair": [f"it is {word} zebra" for word in ("a", "no", "my", "your")] * 5,
        "label": [row % 3 for row in range(20)],
    }
    for split, rows in (("train", 20), ("validation", 3), ("unsupervised", 20 if rated else 0)):
        write_raw(split, {name: values[:rows] for name, values in pairs.items()}, ["yes", "no", "maybe"])
    report = make(architecture)
    tokenizer = AutoTokenizer.from_pretrained("model")
    assert len(tokenizer) < 500
    assert any("zebra" in piece for piece in tokenizer.get_vocab())
    assert report.rating_accuracy in ((0, 1) if rated else (None,))  # of the one row that is held out
    assert report.probe_accuracy in (0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1)
    assert report.probe_rows == 3


@pytest.mark.parametrize(
    "texts",
    [["?"], [" "], ["same same"] * 16, ["好", "坏", "🙂", "é"] * 4],
    ids=["one row", "nothing but a space", "one text", "single characters"],
)
def test_a_degenerate_corpus(architecture, texts):
    for split in ("train", "validation", "unsupervised"):
        write_raw(split, {"text": texts, "label": [0] * len(texts)}, BINARY)
    assert make(architecture).probe_accuracy is None
    ids = AutoTokenizer.from_pretrained("model")(texts, padding=True, return_tensors="pt")
    assert AutoModel.from_pretrained("model")(**ids).last_hidden_state.isfinite().all()
