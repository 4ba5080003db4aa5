"""Seven ways of taking data wrongly that once went unsaid, each shown by the real stages: refused, or in the paper."""

import json
from contextlib import chdir
from pathlib import Path

import datasets
import pandas as pd
import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from stages import prepare, settings
from stages.core.errors import InputError
from stages.data.card import Card
from stages.encoders.token_report import TokenReport
from tests.helpers import whole_study
from tests.helpers.hashed_study import dvc, make
from tests.helpers.own_data import SPAM, rows_of
from tests.helpers.paper import needs_latex
from tests.helpers.tiny_study import write_params

DATA = "profiles.imdb-mini.data"
GRID = {"architectures": ["distilbert"], "configurations": ["full", "ia3"], "probes": [], "seeds": [42]}
ROWS = rows_of(SPAM, 120)
CONTRADICTIONS, LONG_TEXTS = 7, 10  # rows of train


def write_mail(folder: Path) -> None:
    """Parquet with ids of classes that are named spam and ham, contradictions, long texts, and strays beside it."""
    texts = [text for text, _ in ROWS]
    texts[:LONG_TEXTS] = [" ".join([text] * 8) for text in texts[:LONG_TEXTS]]
    ids = [["spam", "ham"].index(name) for _, name in ROWS]
    again = range(20, 20 + CONTRADICTIONS)
    train = [*zip(texts[:90], ids[:90], strict=True), *((texts[row], 1 - ids[row]) for row in again)]
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["spam", "ham"])}
    )
    folder.mkdir()
    for split, rows in {"train": train, "test": list(zip(texts[90:], ids[90:], strict=True))}.items():
        columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
        datasets.Dataset.from_dict(columns, features=features).to_parquet(str(folder / f"{split}.parquet"))
    strays = pd.DataFrame({"text": ["of no split"], "label": ["spam"]})
    strays.to_csv(folder / "train_raw_unclean.csv", index=False)
    strays.to_csv(folder / "test_predictions_of_bert.csv", index=False)


@pytest.fixture(scope="module")
def mail(tmp_path_factory) -> Path:
    """A whole study of it, said to be of full size, by parameters that have the published study discussed."""
    folder = tmp_path_factory.mktemp("mail")
    write_mail(folder / "mail")
    profile = YAML(typ="safe").load(Path("params.yaml"))["profiles"]["imdb-mini"]
    data = {"source": "local", "path": "mail", "name": "Mail", "validation": 10, "seed": 1}
    base = profile["base"] | {"vocab_size": 300, "steps": 2}
    train = profile["train"] | {"epochs": 1}
    profile |= {"description": "mail", "small_scale": False, "data": data, "base": base, "train": train}
    profile["tokenize"] = {"max_length": 32}
    with chdir(folder):
        write_params(folder, profile="imdb-mini", **{"profiles.imdb-mini": profile}, **GRID)
        whole_study.build()
    return folder


@pytest.fixture
def text(mail, monkeypatch) -> str:
    monkeypatch.chdir(mail)
    return whole_study.pdf_text()


def prepared(**data: object) -> Card:
    """The card of ``d``."""
    changes = {f"{DATA}.{key}": value for key, value in ({"path": "d", "labels": None, "validation": 4} | data).items()}
    write_params(Path(), profile="imdb-mini", **changes)
    settings.main()
    prepare.main()
    return Card.read()


def test_the_second_text_of_a_pair_is_not_dropped(in_empty_folder):
    Path("d").mkdir()
    for split, rows in {"train": ROWS[:90], "test": ROWS[90:]}.items():
        frame = pd.DataFrame(rows, columns=["text", "label"])
        frame.assign(text_pair=frame["text"] + " again")[["text", "text_pair", "label"]].to_csv(
            f"d/{split}.csv", index=False
        )
    with pytest.raises(InputError) as caught:
        prepared()
    assert str(caught.value) == (
        "d/train.csv: column 'text_pair' looks like the other text of a pair; give data.columns: {text: text, pair: "
        "text_pair}, or {unused: [text_pair]} to leave it out"
    )
    assert not Path("data/raw").exists()
    prepared(columns={"text": "text", "pair": "text_pair", "label": "label"})
    frame = pd.read_parquet("data/raw/test.parquet")
    assert frame["pair"].tolist() == [f"{row} again" for row, _ in ROWS[90:]]


def test_files_that_only_begin_like_a_split_are_not_merged(in_empty_folder, capsys):
    write_mail(Path("d"))
    card = prepared()
    raw = {name: pd.read_parquet(f"data/raw/{name}.parquet") for name in ("train", "validation", "test")}
    assert {name: len(frame) for name, frame in raw.items()} == {"train": 86, "validation": 4, "test": 30}
    assert not any("of no split" in set(frame["text"]) for frame in raw.values())
    assert card.ignored_files == ["test_predictions_of_bert.csv", "train_raw_unclean.csv"]
    said = "files not read: test_predictions_of_bert.csv, train_raw_unclean.csv\n"
    assert said in capsys.readouterr().out


@needs_latex
def test_names_of_a_class_label_are_the_names_everywhere(text):
    features = datasets.Features.from_arrow_schema(pq.read_schema("data/raw/train.parquet"))
    assert features["label"].names == ["spam", "ham"]
    config = json.loads(Path("models/runs/distilbert/full/42/config.json").read_text(encoding="utf-8"))
    assert config["id2label"] == {"0": "spam", "1": "ham"}
    assert "two classes, spam and ham" in text
    assert "positive" not in text.replace("positive and negative effects on society", "")


@needs_latex
def test_data_of_another_kind_are_not_held_against_the_published_study(text):
    params = YAML(typ="safe").load(Path("params.yaml"))
    assert (params["published"], params["profiles"]["imdb-mini"]["small_scale"]) == ("hanif2025", False)
    text = text.replace("that the main results need to be reproduced?", "")  # a question of a checklist
    assert [word for word in ("Hanif", "reproduced", "IMDb", "film") if word in text] == []
    assert "not_reproduced" not in Path("metrics/claims.json").read_text(encoding="utf-8")


@needs_latex
def test_contradicting_labels_are_in_the_paper(text):
    assert Card.read().conflicting_duplicates == CONTRADICTIONS
    assert f"{CONTRADICTIONS} texts stand in the source under several labels" in text


@needs_latex
def test_the_share_of_texts_that_are_cut_is_in_the_paper(text):
    splits = TokenReport.read("distilbert").splits.values()
    cut = sum(round(split.truncated_share * split.rows) for split in splits)
    assert cut == LONG_TEXTS
    share = cut / sum(split.rows for split in splits)
    assert f"Texts are cut to their first 32 tokens (Fig. S1), which shortens {100 * share:.1f}% of them" in text


@pytest.mark.slow
def test_a_source_that_is_replaced_is_noticed(tmp_path):
    write_mail(tmp_path / "mail")
    grid = GRID | {"configurations": ["full"], "probes": ["full-probe"]}
    study = make(tmp_path / "study", profile="imdb-mini", **{f"{DATA}.path": "../mail"}, **grid)
    assert "prepare" not in dvc(study, "status")
    (tmp_path / "mail/test.parquet").write_bytes((tmp_path / "mail/train.parquet").read_bytes())
    assert "prepare:" in dvc(study, "status").splitlines()
