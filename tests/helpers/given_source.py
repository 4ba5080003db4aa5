"""What ``prepare`` is told, and a source that is given as frames, whatever it takes to read such."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from stages import prepare
from stages.data.card import Origin
from stages.data.settings import Columns


def configure(deduplicate: bool = True, **data: object) -> None:
    data = {"source": "local", "path": "reviews", "validation": 10, "seed": 1} | data
    Path("data/settings").mkdir(parents=True, exist_ok=True)
    Path("data/settings/data.json").write_text(json.dumps({"data": data, "deduplicate": deduplicate}), encoding="utf-8")


def given_by(
    monkeypatch, splits: dict[str, pd.DataFrame], classes: Sequence[str] = ("0", "1"), **notes: object
) -> None:
    columns = ["text", *(["pair"] if "pair" in splits["train"] else []), "label"]
    empty = pd.DataFrame({name: pd.Series(dtype="int64" if name == "label" else "str") for name in columns})
    notes["columns"] = Columns(**notes.get("columns", {}))
    origin = Origin(source="local", name="mail", classes=list(classes), **notes)
    whole = {name: splits.get(name, empty) for name in ("train", "validation", "test", "unsupervised")}
    monkeypatch.setattr(prepare, "load_source", lambda data: (origin, whole))
