"""A workspace for ``prepare`` with valid reviews, what replaces them, and how a refusal looks to the user."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.helpers.tiny_study import ROOT

TRAIN = [(f"train {i}", i % 2) for i in range(40)]
TEST = [(f"test {i}", i % 2) for i in range(10)]


def write_workspace() -> None:
    """Valid reviews, settings, and the data of an earlier run."""
    for folder in ("reviews", "data/settings", "data/raw"):
        Path(folder).mkdir(parents=True)
    Path("data/raw/train.parquet").write_bytes(b"of an earlier run")
    Path("data/raw/card.json").write_bytes(b"of an earlier run, too")
    configure()
    Path("reviews/train.csv").write_bytes(csv(TRAIN))
    Path("reviews/validation.csv").write_bytes(csv([("validation 0", 0), ("validation 1", 1)]))
    Path("reviews/test.csv").write_bytes(csv(TEST))


def configure(path: str = "reviews", **given: object) -> None:
    data = {"source": "local", "path": path, "seed": 1} | given
    Path("data/settings/data.json").write_text(json.dumps({"data": data, "deduplicate": True}), encoding="utf-8")


def csv(rows: list[tuple], header: str = "text,label") -> bytes:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows), ""]).encode()


def jsonl(rows: list[tuple]) -> bytes:
    return "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows).encode()


def parquet(rows: list[tuple], **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(pd.DataFrame(rows, columns=["text", "label"])), sink, **options)
    return sink.getvalue().to_pybytes()


def snapshot(folder: str = ".") -> dict[str, tuple[int, bytes]]:
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def refused(monkeypatch: pytest.MonkeyPatch) -> str:
    """The line after ``error: ``."""
    before = snapshot()
    monkeypatch.setattr(sys, "argv", ["prepare"])
    monkeypatch.delitem(sys.modules, "stages.prepare", raising=False)
    with pytest.raises(SystemExit) as caught:
        runpy.run_module("stages.prepare", run_name="__main__")
    assert snapshot() == before
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith("error: ")
    return message.removeprefix("error: ")


def run(*, command: tuple[str, ...] = (), limit: Callable[[], object] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*command, *([] if command else [sys.executable, "-m", "stages.prepare"])],
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHON": sys.executable},
        preexec_fn=limit,
        capture_output=True,
        encoding="utf-8",
    )
