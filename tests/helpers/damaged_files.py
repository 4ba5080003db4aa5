"""Files of rows with some bytes changed, and what other readers than the project's see in them."""

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from tests.helpers.fuzzed_files import FORMATS, Csv, of_columns

LABELS = {"0": 0, "1": 1}
SPELLINGS = {"0": 0, "0.0": 0, "0.00": 0, "1": 1, "1.0": 1, "1.00": 1}
STAND_IN = "\x1e"  # for a carriage return alone, which ends a row in pandas


@st.composite
def damaged(draw: Callable) -> dict[str, bytes]:
    """Three files, one of them damaged in one place or two."""
    suffix = draw(st.sampled_from(FORMATS))
    names = draw(st.permutations(["text", "label", "stars"]))
    files = {}
    for split, count in {"train": 24, "validation": 4, "test": 6}.items():
        values = {"text": [f"{split} {i}" for i in range(count)], "label": [i % 2 for i in range(count)]}
        values["stars"] = ["x, y"] * count
        options = Csv("\t", "\t") if suffix.startswith("tsv") else Csv()
        files[f"{split}.{suffix}"] = of_columns(suffix, {name: values[name] for name in names}, options, None, "label")
    name = draw(st.sampled_from(list(files)))
    is_packed = suffix.endswith(".gz") and draw(st.booleans())  # or else the packed file itself is damaged
    content = gzip.decompress(files[name]) if is_packed else files[name]
    for _ in range(draw(st.integers(1, 2))):
        content = draw(edits(content, suffix))
    return files | {name: gzip.compress(content) if is_packed else content}


@st.composite
def edits(draw: Callable, content: bytes, suffix: str) -> bytes:
    pieces = st.sampled_from(
        [b'"', b"\0", b"\n", b"\r", b",", b"\t", b"{", b"}", b"[", b"]", b":", b"\xff", b"\xc3", b"\\", b" ", b"1"]
    )
    start = draw(st.integers(0, len(content)))
    end = min(len(content), start + draw(st.integers(0, 3)))
    whole = {
        "empty": b"",
        "twice": content + content,
        "truncated": content[:start],
        "reversed": content[::-1],
        "header": content.split(b"\n")[0] + b"\n" + content,
        "random": draw(st.binary(max_size=40)),
    }
    if suffix in ("csv", "tsv", "json", "jsonl"):
        text = content.decode("latin-1")
        whole |= {codec: text.encode(codec) for codec in ("utf-16", "utf-16-le", "utf-32")}
    how = draw(st.sampled_from(["insert", "replace", "delete", "move"] * 8 + list(whole)))
    inserted = draw(pieces) if draw(st.booleans()) else draw(st.binary(min_size=1, max_size=3))
    parts = {
        "insert": inserted + content[start:end],
        "replace": inserted,
        "delete": b"",
        "move": content[start:end] * 2,
    }
    return whole[how] if how in whole else content[:start] + parts[how] + content[end:]


def read_otherwise(file: Path) -> list[tuple[str, int]]:
    """Texts and class ids of a file that can be read, by pandas, Arrow and the json module."""
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    kind = file.name.removesuffix(".gz").rsplit(".", 1)[1]
    if kind == "parquet":
        frame = pd.read_parquet(pa.BufferReader(content), columns=["text", "label"], dtype_backend="pyarrow")
    elif kind == "arrow":
        frame = pa.ipc.open_stream(content).read_all().to_pandas()
    elif kind in ("csv", "tsv"):
        frame = _delimited(content.decode("utf-8-sig"), "\t" if kind == "tsv" else ",")
    else:
        text = re.sub(r"}\s*{", "},{", content.decode("utf-8-sig").strip())
        frame = pd.DataFrame(json.loads(text if text.startswith("[") else f"[{text}]"), dtype=object)
    labels = [SPELLINGS[str(label).strip()] for label in frame["label"]]
    return list(zip(frame["text"].tolist(), labels, strict=True))


def _delimited(text: str, delimiter: str) -> pd.DataFrame:
    if "\n" in text:
        text = re.sub("\r(?!\n)", STAND_IN, text)
    frame = pd.read_csv(
        pa.BufferReader(text.encode()), sep=delimiter, dtype=str, keep_default_na=False, index_col=False
    )
    return frame.apply(lambda column: column.str.replace(STAND_IN, "\r"))
