import json
from pathlib import Path

import pytest

from stages.data.card import Card, Leakage, Origin, SplitCard, Words
from stages.data.settings import Columns
from tests.helpers.raw_splits import write_raw
from tools.archive.croissant import CROISSANT, UNKNOWN_LICENCE, describe, write_croissant

pytestmark = pytest.mark.usefixtures("in_empty_folder")
PAIRS = Columns(text="a", pair="b", label="y")


def made(classes: list[str], pair: bool = False, **origin: object) -> Card:
    """A card and its data: two rows a labelled split, one without a class in ``unsupervised``."""
    splits = {}
    for name, labels in {"train": [0, 1], "validation": [1, 0], "test": [0, 1], "unsupervised": [-1]}.items():
        texts = {"text": [f"{name} {row}" for row in range(len(labels))]}
        pairs = {"pair": [f"so {row}" for row in range(len(labels))]} if pair else {}
        write_raw(name, texts | pairs | {"label": labels}, classes)
        splits[name] = SplitCard(
            rows=len(labels),
            rows_in_source=len(labels),
            duplicates_removed=int(name == "train"),
            class_counts={str(label): labels.count(label) for label in labels},
            majority_share=0.5,
            words=Words(median=2, p95=2, max=2),
            sha256="",
        )
    known = {"source": "generated", "name": "Reviews", "columns": PAIRS if pair else Columns()} | origin
    return Card(
        **Origin(classes=classes, **known).model_dump(),
        is_imdb=False,
        deduplicate=True,
        validation_from="source",
        test_from="source",
        seed=1,
        sampled_from={},
        conflicting_duplicates=0,
        leakage=Leakage(
            test_in_train_before=0, test_in_train_after=0, validation_in_train_after=0, test_in_unsupervised=0
        ),
        splits=splits,
    )


def test_what_it_says():
    card = made(
        ["bad", "good"], licence="MIT", citation="Us.", language="English", task="sentiment", ceiling_accuracy=0.98
    )
    said = describe(card, Path(), "2026-01-02")
    assert {key: said[key] for key in said if key not in ("@context", "distribution", "recordSet")} == {
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "Reviews",
        "description": "Reviews: texts of 2 classes; rows: 2 in train, 2 in validation, 2 in test, 1 in unsupervised. "
        "Task: sentiment. 1 repeated rows were left out. The best attainable accuracy is 0.98.",
        "license": "MIT",
        "citeAs": "Us.",
        "inLanguage": "English",
        "datePublished": "2026-01-02",
        "version": "1.0.0",
    }
    assert [file["contentUrl"] for file in said["distribution"]] == [
        f"data/raw/{name}.parquet" for name in ("train", "validation", "test", "unsupervised")
    ]
    assert said["recordSet"][0]["data"] == [
        {"classes/id": 0, "classes/name": "bad"},
        {"classes/id": 1, "classes/name": "good"},
    ]
    references = {records["@id"]: "references" in records["field"][-1] for records in said["recordSet"][1:]}
    assert references == {"train": True, "validation": True, "test": True, "unsupervised": False}


def test_what_the_source_does_not_state_is_not_said():
    said = describe(made(["bad", "good"], source="hub", revision="abc", description="Theirs."), Path(), "2026-01-02")
    assert said["license"] == UNKNOWN_LICENCE
    assert (said["version"], said["description"]) == ("1.0.0+abc", "Theirs.")
    assert not {"citeAs", "inLanguage"} & said.keys()


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("classes", [["bad", "good"], ['"', "${x}", "</script>"]])
def test_mlcroissant_validates_it_and_reads_the_data_by_it(classes, pair):
    mlcroissant = pytest.importorskip("mlcroissant", exc_type=ImportError)
    write_croissant(made(classes, pair, licence="MIT"), Path(), Path(), "2026-01-02")
    data = mlcroissant.Dataset(jsonld=CROISSANT)  # refuses what is not valid
    assert data.metadata.issues.errors == set()
    rows = list(data.records("train"))
    wanted = [{"train/text": f"train {row}".encode(), "train/label": row} for row in range(2)]
    if pair:
        wanted = [row | {"train/pair": f"so {number}".encode()} for number, row in enumerate(wanted)]
    assert rows == wanted
    assert [row["classes/name"] for row in data.records("classes")] == classes


def test_a_planted_fault_is_found_by_mlcroissant():
    mlcroissant = pytest.importorskip("mlcroissant", exc_type=ImportError)
    write_croissant(made(["bad", "good"]), Path(), Path(), "2026-01-02")
    said = json.loads(CROISSANT.read_text(encoding="utf-8"))
    said["recordSet"][1]["field"][0]["source"]["fileObject"]["@id"] = "absent.parquet"
    CROISSANT.write_text(json.dumps(said), encoding="utf-8")
    with pytest.raises(mlcroissant.ValidationError):
        mlcroissant.Dataset(jsonld=CROISSANT)
