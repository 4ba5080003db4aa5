from pathlib import Path

import huggingface_hub
import pytest

from stages.core.errors import InputError
from stages.data.card import Origin, Splits
from stages.data.checks import LAYOUTS
from stages.data.settings import HubData
from stages.data.sources import load_source
from tests.helpers import local_reviews
from tests.helpers.local_reviews import TEST, TRAIN, write, write_text
from tests.helpers.snapshots import cache_path, fill_cache, reviews, write_dataset

REVISION = "e6281661ce1c48d982bc483cf8a173c1bbeb5d31"
HEAD = "configs:\n- config_name: default\n  data_files:\n  - {split: train, path: train.csv}\n"


@pytest.fixture(autouse=True)
def _offline(in_empty_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def load(hub_id: str = "a/b", **settings: object) -> tuple[Origin, Splits]:
    given = {"source": "hub", "hub_id": hub_id, "revision": REVISION, "validation": 2, "seed": 1}
    return load_source(HubData.model_validate(given | settings))


def publish(files: dict[str, str], hub_id: str = "a/b", revision: str = REVISION) -> None:
    for name, content in files.items():
        Path("files", name).parent.mkdir(parents=True, exist_ok=True)
        Path("files", name).write_text(content, encoding="utf-8")
    fill_cache(Path("cache").absolute(), "dataset", hub_id, revision, Path("files"))


def fault() -> str:
    with pytest.raises(InputError) as caught:
        load()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_imdb_as_the_hub_lays_it_out():
    frames = reviews("train", 20), reviews("test", 6), reviews("unsupervised", 4).assign(label=-1)
    write_dataset(Path("files"), *frames)
    publish({}, hub_id="stanfordnlp/imdb")
    origin, splits = load("stanfordnlp/imdb")
    for name, frame in zip(("train", "test", "unsupervised"), frames, strict=True):
        assert splits[name].equals(frame[["text", "label"]])
    assert (origin.source, origin.revision) == ("hub", REVISION)
    # other rows under its name, from a mirror or at another commit, are not the data set of Maas et al.
    assert (origin.name, origin.citation) == (
        "stanfordnlp/imdb",
        "https://huggingface.co/datasets/stanfordnlp/imdb",
    )


@pytest.mark.parametrize(("written", "licence"), [("mit", "mit"), ("[mit, cc0-1.0]", "mit, cc0-1.0")])
def test_any_dataset_with_its_licence(written, licence):
    publish(
        {
            "README.md": f"---\nlicense: {written}\n{HEAD}  - {{split: test, path: held.csv}}\n---\n",
            "train.csv": "text,label,stars\na,0,1\nb,1,5\n",
            "held.csv": "text,label\nc,1\nd,0\n",
            "other.csv": "x,y\n1,2\n",
        }
    )
    origin, splits = load()
    assert splits["train"].values.tolist() == [["a", 0], ["b", 1]]
    assert splits["test"].values.tolist() == [["c", 1], ["d", 0]]
    assert (origin.unused_columns, origin.ignored_files) == (["stars"], ["other.csv"])
    assert (origin.name, origin.revision, origin.licence) == ("a/b", REVISION, licence)
    assert origin.citation == "https://huggingface.co/datasets/a/b"


def test_another_commit_in_the_cache_is_not_taken():
    publish({"train.csv": "text,label\na,0\n", "test.csv": "text,label\nb,1\n"}, revision="0" * 40)
    assert fault() == (
        "data.source: 'hub': a/b@e6281661ce1c: not cached and cannot be downloaded (HF_HUB_OFFLINE is set); go online, "
        "or give a local copy (data: {source: local, path: <folder>}), or use `profile: mini`, which needs neither"
    )


def test_a_file_alone_is_the_train_split():
    publish({"SMSSpamCollection.csv": "v1,v2\nham,a\nspam,b\n"})
    origin, splits = load(columns={"text": "v2", "label": "v1"}, test=2)
    assert splits["train"].values.tolist() == [["a", 0], ["b", 1]]
    assert (origin.name, origin.classes) == ("a/b", ["ham", "spam"])


def test_splits_of_other_names_and_options():
    head = HEAD + "".join(f"  - {{split: {name}, path: {name}.csv}}\n" for name in ("dev", "test_mismatched"))
    files = {f"{name}.csv": "text;label\na;ham\nb;spam\n" for name in ("train", "dev", "test_mismatched")}
    publish({"README.md": f"---\n{head}---\n", **files})
    origin, splits = load(csv={"delimiter": ";"}, test=0.2, name="Mail")
    assert splits["validation"]["label"].tolist() == [0, 1]
    assert (origin.name, origin.ignored_files) == ("Mail", ["test_mismatched.csv"])


def test_configurations_without_a_default():
    configs = "".join(f"- config_name: {name}\n  data_files: {name}.csv\n" for name in ("mrpc", "sst2"))
    files = {"mrpc.csv": "text,label\na,0\nb,1\n", "sst2.csv": "text,label\nc,0\nd,1\n"}
    publish({"README.md": f"---\nconfigs:\n{configs}---\n", **files})
    refusal = "a/b@e6281661ce1c: cannot be read: README.md (data.config): "
    assert fault().startswith(f"{refusal}Config name is missing. Please pick one among")
    assert load(config="sst2", test=2)[1]["train"].values.tolist() == [["c", 0], ["d", 1]]
    with pytest.raises(InputError) as caught:
        load(config="cola")
    assert str(caught.value).startswith(f"{refusal}BuilderConfig 'cola' not found. Available: ['mrpc', 'sst2']")


def test_faults_of_the_files():
    publish({"README.md": f"---\n{HEAD}---\n", "train.csv": "text,label\na,0\nb,1\n"})
    assert fault() == (
        "data.test: missing; a/b@e6281661ce1c: no test split: give rows or a share to carve it from train, such as "
        "data.test: 0.2"
    )
    snapshot = cache_path(Path("cache"), "dataset", "a/b", REVISION)
    (snapshot / "README.md").unlink()
    (snapshot / "test.csv").write_text("text,label\nb,[1]\n\nc,\n")
    assert fault() == (
        "a/b@e6281661ce1c test.csv: row 2: no label (''); every row of test needs one; labels_other: drop leaves such "
        "rows out and counts them"
    )
    (snapshot / "train.csv").write_text("text\nb\n")
    assert fault() == "a/b@e6281661ce1c train.csv: no column 'label' among text; give data.columns.label"
    (snapshot / "test.csv").unlink()
    (snapshot / "train.csv").unlink()
    assert fault() == f"a/b@e6281661ce1c: no train split; expected {LAYOUTS}; there: nothing"


# A README in a local folder.

CARD = """---
license: mit
language: [en, gsw]
pretty_name: SMS spam
dataset_info:
  features:
  - {name: text, dtype: string}
  - name: label
    dtype: {class_label: {names: {'0': spam, '1': ham}}}
"""
FILES = "configs:\n- {config_name: default, data_files: [{split: train, path: in/*.csv}, {split: test, path: b.csv}]}\n"


def test_a_folder_as_on_the_hub():
    write(TRAIN, "d/in/part.csv")
    write(TEST, "d/b.csv")
    write(TEST, "d/test.csv")
    write_text("d/README.md", f"{CARD}{FILES}---\n# Card\n")
    origin, splits = local_reviews.load("d")
    assert (local_reviews.rows(splits["train"]), local_reviews.rows(splits["test"])) == (TRAIN, TEST)
    assert (origin.name, origin.licence, origin.language) == ("SMS spam", "mit", "English, gsw")
    assert (origin.classes, origin.ignored_files) == (["spam", "ham"], ["test.csv"])
    stated = local_reviews.load(
        "d", name="Mine", license="own", language="Bavarian", citation="C", description="D", task="T"
    )[0]
    assert (stated.name, stated.licence, stated.language) == ("Mine", "own", "Bavarian")
    assert (stated.citation, stated.description, stated.task) == ("C", "D", "T")


def test_names_of_classes_without_a_list_of_files():
    write(TRAIN, "d/data/train-00000-of-00001.parquet")
    write(TEST, "d/data/test-00000-of-00001.parquet")
    write_text("d/README.md", f"{CARD}---\n")
    assert local_reviews.load("d")[0].classes == ["spam", "ham"]


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("---\na: [\n---\n", "README.md: its head is not valid YAML: "),
        (f"---\n{FILES.replace('b.csv', 'hf://b.csv')}---\n", "README.md: configs: data_files elsewhere; allowed: "),
        (f"---\n{FILES.replace('b.csv', '../c.csv')}---\n", "README.md: c.csv: elsewhere; allowed: "),
        (
            f"---\n{FILES.replace('in/', 'out/')}---\n",
            "cannot be read: README.md (data.config): Couldn't infer ",
        ),
        (f"---\na: {'[' * 5000}\n---\n", "README.md: its head: lists and maps 101 deep; allowed: at most 100"),
        ("---\nconfigs: &a [*a]\n---\n", "README.md: its head: *a stands before or within what it names; allowed: "),
    ],
)
def test_faults_of_a_readme(head, message):
    write(TRAIN, "d/in/part.csv")
    write(TEST, "d/b.csv")
    write(TEST, "c.csv")
    write_text("d/README.md", head)
    assert local_reviews.fault("d").startswith(f"d: {message}")


def test_a_configuration_that_no_readme_has():
    write(TRAIN, "d/train.csv")
    assert local_reviews.fault("d", config="x") == "data.config: 'x': d: no README.md with data_files; leave it out"


def test_a_readme_without_a_head_is_no_matter():
    write(TRAIN, "d/train.csv")
    write(TEST, "d/test.csv")
    for content in ("# Title\n---\na: [\n", "", "---\n- a\n---\n", "---\nlicense: 3\n---\n"):
        write_text("d/README.md", content)
        assert local_reviews.load("d")[0].licence is None
