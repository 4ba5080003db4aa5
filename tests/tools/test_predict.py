import io
import sys
from pathlib import Path

import pandas as pd
import pytest
from transformers import AutoTokenizer, BertConfig, RobertaConfig

from stages.core.errors import InputError
from stages.training.batching import read_classes
from tests.helpers.tiny_runs import model_path, run
from tests.helpers.tiny_study import write_study
from tools import predict

pytestmark = pytest.mark.usefixtures("in_empty_folder")


def test_texts_get_what_the_run_predicted_of_them(capsys):
    """Words of the test split, whose ids a word-level tokenizer turns into text and back."""
    import datasets

    write_study("deberta")
    run("deberta", "qlora-ffn")
    tokenizer = AutoTokenizer.from_pretrained("models/base/deberta")
    test = datasets.load_from_disk("data/tokenized/deberta/test")
    texts = [" ".join(tokenizer.convert_ids_to_tokens(ids)) for ids in test["input_ids"]]
    capsys.readouterr()
    predict.main("deberta/qlora-ffn/42", texts, None)
    saved = pd.read_parquet(model_path("deberta", "qlora-ffn") / "predictions.parquet")
    classes = read_classes(Path("data/tokenized/deberta/train"))
    assert len(set(test["length"])) > 1
    expected = [
        f"{classes[row.prediction]}\t{max(row.probability_0, row.probability_1):.4f}\t{text}\n"
        for row, text in zip(saved.itertuples(), texts, strict=True)
    ]
    assert capsys.readouterr().out == "".join(expected)


def test_lines_of_a_file_and_of_standard_input_are_texts(monkeypatch):
    Path("texts").write_text("one\ntwo 中\n", encoding="utf-8")
    assert predict.texts_of([], "texts") == ["one", "two 中"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("three\nfour"))
    assert predict.texts_of([], None) == ["three", "four"]
    assert predict.texts_of(["five\nsix"], None) == ["five\nsix"]


@pytest.mark.parametrize(
    ("texts", "content", "message"),
    [
        (["one", " "], None, "TEXT: text 2 is empty; required: text in every line"),
        ([], b"one\n\ntwo", "texts: text 2 is empty; required: text in every line"),
        ([], b"", "texts: no text; required: at least one"),
        ([], b"\xff\xfe", "texts: not UTF-8; required: a text file in UTF-8, a text a line"),
        (["one"], b"two", "TEXT: not allowed beside --file"),
    ],
)
def test_what_is_no_text_is_named(texts, content, message):
    if content is not None:
        Path("texts").write_bytes(content)
    with pytest.raises(InputError) as error:
        predict.texts_of(texts, "texts" if content is not None else None)
    assert str(error.value) == message


def test_a_missing_file_is_named():
    with pytest.raises(InputError, match=r"^texts: No such file or directory; required: a text file in UTF-8"):
        predict.texts_of([], "texts")


def test_a_pair_has_token_types_where_the_model_has_two():
    write_study("roberta")
    tokenizer = AutoTokenizer.from_pretrained("models/base/roberta")
    ids = tokenizer("w1 w2", "w3")["input_ids"]
    assert predict.pairs_of(["w1 w2\tw3"]) == [("w1 w2", "w3")]
    found = predict.encode(tokenizer, ("w1 w2", "w3"), 32, BertConfig())
    assert found["input_ids"] == ids
    assert len(found["token_type_ids"]) == len(ids)
    assert "token_type_ids" not in predict.encode(tokenizer, ("w1 w2", "w3"), 32, RobertaConfig(type_vocab_size=1))
    assert "token_type_ids" not in predict.encode(tokenizer, ("w1 w2",), 32, BertConfig())
    assert len(predict.encode(tokenizer, ("w1 " * 90,), 32, BertConfig())["input_ids"]) == 32


@pytest.mark.parametrize("text", ["one", "one\ttwo\tthree", "one\t ", "\ttwo"])
def test_what_is_no_pair_is_named(text):
    with pytest.raises(InputError) as error:
        predict.pairs_of(["one\ttwo", text])
    assert str(error.value) == "--pairs: text 2 is no pair; required: two texts with one tab between"
