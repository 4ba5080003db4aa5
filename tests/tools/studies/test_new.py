"""make new: what is found in data as people have them, what is said of it and what is written."""

import shlex
import shutil
from pathlib import Path

import pandas as pd
import pytest

from stages.core.errors import InputError
from stages.data.sources import load_source
from stages.study.resolve import resolve
from stages.study.typeset import without_glyph
from tests.helpers.new_study import CLASSES, OTHERS, TEXTS, fault, table, written
from tests.helpers.own_data import KINDS, SPAM, rows_of
from tests.helpers.tiny_study import ROOT
from tools.studies import new

pytestmark = pytest.mark.usefixtures("with_params")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_a_study_is_written_that_can_be_built_without_an_edit(kind, capsys):
    path = kind.write(Path())
    params, data, _ = written(path)
    assert (params.profile, params.published, params.architectures, params.seeds) == (
        "mine",
        "none",
        ["distilbert"],
        [42, 43],
    )
    assert params.profiles["mine"].small_scale
    assert params.profiles["mine"].train.device == "cpu"
    assert data.path == str(path)
    assert {key: value for key, value in data.columns.model_dump().items() if value} == kind.columns
    origin, splits = load_source(data)
    assert origin.classes == kind.classes
    assert data.validation is not None
    assert (data.test is None) == (not splits["test"].empty)
    assert without_glyph(data.name) == ""
    resolve(params)
    said = capsys.readouterr().out
    assert said.splitlines()[-1].startswith("studies/mine.yaml written; ")
    for name in kind.classes:
        assert name in said
    lines = Path("studies/mine.yaml").read_text(encoding="utf-8").splitlines()
    headings = ("paper:", "profiles:", "  mine:", "    data:", "    base:", "    train:")
    assert [line for line in lines if "#" not in line] == list(headings)


def test_what_is_said_of_a_source(capsys):
    _, data, base = written(KINDS["semicolons"].write(Path()))
    assert data.csv.model_dump() == {"delimiter": ";", "encoding": "cp1252", "quoting": "standard"}
    assert (data.test, data.validation, data.sample) == (0.2, 0.1, None)
    assert (base.steps, base.vocab_size) == (0, 2000)
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert said == [
        "sms.csv: sms",
        "split rows ham spam",
        "train 120 60 (50%) 60 (50%)",
        "classes: 2: ham, spam",
        "words a text: median 9, 95% up to 13, longest 15",
        "guessed: encoding cp1252: not valid UTF-8, and letters of Western Europe if read so",
        "guessed: delimiter ';': with it the files have columns",
        "guessed: label 'Kategorie': the only column that it can be",
        "guessed: text 'Nachricht': the only column that it can be",
        "no test split: 20% of train is kept for it",
        "no validation split: 10% of train is kept for it",
        "note: 24 rows to test on: accuracies are known to several points at best",
        "studies/mine.yaml written; edit it if a guess is wrong; `make paper STUDY=mine` builds the paper",
    ]


def test_what_is_ignored_unused_and_unbalanced_is_said(capsys):
    path = KINDS["unbalanced"].write(Path())
    Path("d").mkdir()
    frame = pd.read_csv(path).assign(date="2020-01-01")
    frame.to_csv("d/train.csv", index=False)
    frame.to_csv("d/train_raw.csv", index=False)
    written("d")
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "columns not used: date" in said
    assert "files not used: train_raw.csv" in said
    assert "note: 95% of train is ham: answering that always is as accurate; look at macro-F1" in said


@pytest.mark.slow
def test_large_data_are_sampled_and_small_data_trained_for_longer():
    rows = rows_of(SPAM, 100_000)
    pd.DataFrame(rows, columns=["text", "label"]).to_csv("large.csv", index=False)
    params, data, base = written("large.csv")
    assert (data.test, data.validation) == (5000, 2500)
    assert 40_000 < data.sample.train < 50_000
    assert (base.steps, base.vocab_size) == (1500, 4000)
    assert params.profiles["mine"].train.epochs == 2
    shutil.rmtree("studies")
    params, data, base = written(KINDS["twenty rows"].write(Path()))
    assert (data.test, data.validation) == (0.2, 2)
    assert (data.sample, base.steps, params.profiles["mine"].train.epochs) == (None, 0, 20)


def test_splits_of_the_source_are_taken_and_a_test_without_labels_is_not():
    for split, rows in (("train", 60), ("dev", 20), ("test", 20)):
        frame = pd.DataFrame(rows_of(SPAM, 100)[:rows], columns=["text", "label"])
        frame["text"] += split
        Path("d").mkdir(exist_ok=True)
        (frame.drop(columns="label") if split == "test" else frame).to_csv(f"d/{split}.csv", index=False)
    _, data, _ = written("d")
    assert (data.validation, data.test) == (None, 0.2)


@pytest.mark.parametrize(
    ("length", "comment"),
    [
        (14, "24 tokens hold about 95% of the texts, as far as words tell: 14 words"),
        (400, "longer texts are cut; up to 512, and the slower for it: 400 words"),
    ],
)
def test_the_length_in_tokens_is_said_as_it_is(length, comment):
    texts = [" ".join(["word"] * (length - 1) + [f"n{number}"]) for number in range(40)]
    table(text=texts, label=CLASSES)
    written("d.csv")
    lines = Path("studies/mine.yaml").read_text(encoding="utf-8").splitlines()
    assert [line.split("  # ")[1] for line in lines if "max_length" in line] == [comment]


@pytest.mark.parametrize("name", ["my data's $HOME.csv", 'a "b" #c.csv', "$(touch made) `touch made`.csv", "é ü.csv"])
def test_a_files_name_is_taken_as_it_is(name):
    KINDS["compressed"].write(Path())
    pd.read_csv("mail.csv.gz").to_csv(name, index=False)
    assert written(name)[1].path == name
    assert not Path("made").exists()


def test_a_place_in_the_workspace_is_relative_and_another_absolute(tmp_path_factory):
    path = KINDS["compressed"].write(Path())
    assert written(path.absolute())[1].path == "mail.csv.gz"
    shutil.rmtree("studies")
    elsewhere = KINDS["compressed"].write(tmp_path_factory.mktemp("elsewhere"))
    assert written(elsewhere)[1].path == str(elsewhere)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"name": ""},
            "NAME: empty; allowed: a name for the study, such as sms: make new NAME=sms DATA=path/to/file-or-folder",
        ),
        (
            {"data": ""},
            "DATA: empty; allowed: a file or a folder of your data: make new NAME=sms DATA=path/to/file-or-folder",
        ),
        (
            {"name": "My data"},
            "NAME: 'My data': allowed: a-z, 0-9 and -, first a letter or a digit, at most 60 characters",
        ),
        ({"name": "mini"}, "NAME: 'mini': params.yaml has a profile of this name; allowed: another one"),
        ({"data": "nowhere"}, "DATA: 'nowhere': not found; allowed: a file or a folder of your data"),
        ({"text": "body"}, "TEXT: 'body': no such column; there: text, label"),
        ({"pair": "body"}, "PAIR: 'body': no such column; there: text, label"),
        ({"label": "y"}, "LABEL: 'y': no such column; there: text, label"),
        ({"text": "label", "label": "label"}, "TEXT, PAIR, LABEL: label, label: allowed: each column once"),
        ({"delimiter": "ab"}, "DELIMITER: 'ab': allowed: one character that parts fields, or tab"),
    ],
)
def test_a_variable_that_is_missing_or_wrong_is_named(given, message):
    table(text=TEXTS, label=CLASSES)
    assert fault(**given) == message


def test_of_several_configurations_one_is_asked_for():
    readme = (
        "---\nconfigs:\n- config_name: one\n  data_files: one.csv\n- config_name: two\n  data_files: two.csv\n---\n"
    )
    Path("d").mkdir()
    Path("d/README.md").write_text(readme, encoding="utf-8")
    for name in ("one", "two"):
        table(text=[f"{text} {name}" for text in TEXTS], label=CLASSES)
        Path("d.csv").rename(f"d/{name}.csv")
    again = "make new NAME=mine DATA=d CONFIG=one"
    assert fault("d") == f"CONFIG: one, two are the configurations that its README has; name one: {again}"
    _, data, _ = written("d", config="two")
    assert data.config == "two"
    assert load_source(data)[1]["train"]["text"].str.endswith(" two").all()


def test_a_study_that_exists_is_not_overwritten():
    table(text=TEXTS, label=CLASSES)
    Path("studies").mkdir()
    Path("studies/mine.yaml").write_text("lr: 1.0e-5\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        new.main(name="mine", data="d.csv")
    assert (
        str(caught.value)
        == "NAME: 'mine': studies/mine.yaml exists and is not overwritten; edit it, or choose another name"
    )
    assert Path("studies/mine.yaml").read_text(encoding="utf-8") == "lr: 1.0e-5\n"


def test_what_is_asked_can_be_pasted_into_a_shell():
    name = "my data's $HOME.csv"
    table(Title=TEXTS, Body_text=OTHERS, label=CLASSES)
    Path("d.csv").rename(name)
    command = fault(name).split("name one: ")[1].split(", or two")[0]
    assert shlex.split(command) == ["make", "new", "NAME=mine", f"DATA={name}", "TEXT=Title"]


def test_readme_walks_through_a_data_set_of_these_tests(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("Say you have `data/sms.csv`:\n\n```\n")[1].split("```")[0].splitlines()
    lines = KINDS["semicolons"].write(tmp_path).read_text(encoding="latin-1").splitlines()
    assert [line for line in shown if line not in lines] == []
