from pathlib import Path

import huggingface_hub
import pytest

from stages.core.errors import InputError
from stages.data.card import Origin, Splits
from stages.data.settings import HubData
from stages.data.sources import load_source
from tests.helpers.snapshots import cache_path, fill_cache, reviews, write_dataset

REVISION = "e6281661ce1c48d982bc483cf8a173c1bbeb5d31"
HEAD = "configs:\n- config_name: default\n  data_files:\n  - {split: train, path: train.csv}\n"


@pytest.fixture(autouse=True)
def _offline(in_empty_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def load(hub_id: str = "a/b") -> tuple[Origin, Splits]:
    return load_source(HubData(source="hub", hub_id=hub_id, revision=REVISION, validation=2, seed=1))


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
    assert "Maas" in origin.citation


@pytest.mark.parametrize(("written", "licence"), [("mit", "mit"), ("[mit, cc0-1.0]", "mit, cc0-1.0")])
def test_any_dataset_with_its_licence(written, licence):
    publish(
        {
            "README.md": f"---\nlicense: {written}\n{HEAD}  - {{split: test, path: held.csv}}\n---\n",
            "train.csv": "text,label,stars\na,0,1\nb,1,5\n",
            "held.csv": "text,label\nc,1\n",
            "other.csv": "x,y\n1,2\n",
        }
    )
    origin, splits = load()
    assert splits["train"].values.tolist() == [["a", 0], ["b", 1]]
    assert splits["test"].values.tolist() == [["c", 1]]
    assert (origin.name, origin.revision, origin.licence) == ("a/b", REVISION, licence)
    assert origin.citation == "https://huggingface.co/datasets/a/b"


def test_another_commit_in_the_cache_is_not_taken():
    publish({"train.csv": "text,label\na,0\n", "test.csv": "text,label\nb,1\n"}, revision="0" * 40)
    assert fault() == (
        "data.source: 'hub': a/b@e6281661ce1c: not cached and cannot be downloaded (HF_HUB_OFFLINE is set); go online, "
        "or give a local copy (data: {source: local, path: <folder>}), or use `profile: mini`, which needs neither"
    )


def test_faults_of_the_files():
    publish({"README.md": f"---\n{HEAD}---\n", "train.csv": "text,label\na,0\n"})
    assert fault() == "a/b@e6281661ce1c: no test split; expected splits train and test"
    snapshot = cache_path(Path("cache"), "dataset", "a/b", REVISION)
    (snapshot / "README.md").unlink()
    (snapshot / "test.csv").write_text("text,label\nb,7\n")
    assert fault() == "a/b@e6281661ce1c test: row 1: label 7; allowed: 0, 1"
    for split in ("train", "test"):
        (snapshot / f"{split}.csv").write_text("text\nb\n")
    assert fault().startswith("a/b@e6281661ce1c train: no column 'label' among ['text']")
    (snapshot / "test.csv").unlink()
    (snapshot / "train.csv").unlink()
    assert fault().startswith("a/b@e6281661ce1c: cannot be read: ")
