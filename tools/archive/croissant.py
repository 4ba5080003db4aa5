"""The data card as Croissant 1.0, MLCommons' JSON-LD of data sets, from ``data/raw/card.json``.

Written as plain JSON-LD: mlcroissant, which validates it (tests/tools/archive/test_croissant.py, where it is
installed), brings an RDF library and a parser that has no wheel, of which nothing here has use.
"""

import json
from pathlib import Path

from stages.core.files import sha256, write_text
from stages.data.card import Card

CROISSANT = Path("croissant.json")
RAW = Card.path().parent
UNKNOWN_LICENCE = "none stated by the source"
# mlcroissant's own: the terms that a description may use, and how each is read.
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def write_croissant(card: Card, study: Path, target: Path, published: str) -> None:
    """Describe the splits of ``study``, where they are; in ``target`` they are once ``dvc pull`` has run.

    Args:
        published: a date, YYYY-MM-DD.
    """
    write_text(target / CROISSANT, json.dumps(describe(card, study, published), indent=2, ensure_ascii=False) + "\n")


def describe(card: Card, study: Path, published: str) -> dict:
    """The whole description; what the source does not state is left out."""
    splits = [name for name, split in card.splits.items() if split.rows]
    made = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": card.name,
        "description": card.description or description(card),
        "license": card.licence or UNKNOWN_LICENCE,
        "citeAs": card.citation,
        "inLanguage": card.language,
        "datePublished": published,
        "version": "1.0.0" if card.revision is None else f"1.0.0+{card.revision}",
        "distribution": [_file(name, study) for name in splits],
        "recordSet": [_classes(card), *(_records(name, card) for name in splits)],
    }
    return {key: value for key, value in made.items() if value is not None}


def description(card: Card) -> str:
    """Of data that come without one: counts, and what was done."""
    rows = ", ".join(f"{split.rows} in {name}" for name, split in card.splits.items() if split.rows)
    words = [f"{card.name}: texts of {len(card.classes)} classes; rows: {rows}."]
    if card.task:
        words.append(f"Task: {card.task}.")
    if card.deduplicate:
        removed = sum(split.duplicates_removed for split in card.splits.values())
        words.append(f"{removed} repeated rows were left out.")
    if card.ceiling_accuracy is not None:
        words.append(f"The best attainable accuracy is {card.ceiling_accuracy:g}.")
    return " ".join(words)


def _file(split: str, study: Path) -> dict:
    path = RAW / f"{split}.parquet"
    return {
        "@type": "cr:FileObject",
        "@id": f"{split}.parquet",
        "name": f"{split}.parquet",
        "contentUrl": path.as_posix(),
        "encodingFormat": "application/x-parquet",
        "sha256": sha256(study / path),
    }


def _classes(card: Card) -> dict:
    """The names of the classes, which a label's number refers to."""
    fields = [
        {"@type": "cr:Field", "@id": f"classes/{name}", "name": f"classes/{name}", "dataType": kind}
        for name, kind in (("id", "sc:Integer"), ("name", "sc:Text"))
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "classes",
        "name": "classes",
        "dataType": "sc:Enumeration",
        "key": {"@id": "classes/id"},
        "field": fields,
        "data": [{"classes/id": label, "classes/name": name} for label, name in enumerate(card.classes)],
    }


def _records(split: str, card: Card) -> dict:
    """The rows of a split. A label of ``unsupervised`` may be -1, which is no class."""
    columns = {"text": ("sc:Text", "The text.")}
    if card.columns.pair:
        columns["pair"] = ("sc:Text", "The second text of the pair.")
    is_labelled = split != "unsupervised"
    columns["label"] = ("sc:Integer", "The class." if is_labelled else "The class; -1 where none is stated.")
    fields = []
    for name, (kind, words) in columns.items():
        field = {
            "@type": "cr:Field",
            "@id": f"{split}/{name}",
            "name": f"{split}/{name}",
            "description": words,
            "dataType": kind,
            "source": {"fileObject": {"@id": f"{split}.parquet"}, "extract": {"column": name}},
        }
        if name == "label" and is_labelled:
            field["references"] = {"field": {"@id": "classes/id"}}
        fields.append(field)
    return {
        "@type": "cr:RecordSet",
        "@id": split,
        "name": split,
        "description": f"{card.splits[split].rows} rows.",
        "field": fields,
    }
