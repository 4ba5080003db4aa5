"""Random files of reviews, usable, faulty or damaged, and what must come of them.

It is worked out from the rows before they stand in a file; nothing here calls ``stages``.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet")
SPLITS = ("train", "validation", "test", "unsupervised")
CARVED = 4
BASE = {  # usable as it is
    "train": [(f"train {i}", i % 2) for i in range(24)],
    "validation": [(f"validation {i}", i % 2) for i in range(4)],
    "test": [(f"test {i}", i % 2) for i in range(6)],
    "unsupervised": [("unrated", -1)],
}
Rows = list[tuple]

TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
    st.sampled_from(
        ["train 1", "test 2", "unrated", "NA", "null", "2020-01-01", "7", "1.0", '"', 'a "b" c', "a,b", "a\tb"]
    ),
    st.sampled_from(
        ["\ufeffx", "\u200b", "=1+1", "'", "\\", "\\N", "True", "#", "a\x85b", "a\rb", "a\r\nb", " x ", "\n x"]
    ),
)
ODD_TEXTS = st.sampled_from(["", " ", "\t\u3000\n", "a\0b", "\0"])
ODD_JSON_TEXTS = st.sampled_from([None, 3, 1.5, True, ["a"], {"a": 1}, "\ud800", "\udfff\ud800"])
ODD_LABELS = st.sampled_from(
    ["2", "-2", "", "pos", "1.0", "01", " 1", "+1", "1e0", "nan", "9" * 30, "\u0661", "0\0", "-1"]
)
ODD_JSON_LABELS = st.sampled_from(
    [2, 1.0, 0.0, True, False, None, 10**30, float("nan"), "pos", [0], {"0": 1}, "\ud800"]
)
NAMES = st.one_of(st.sampled_from(["stars", "Text", "label ", "", "a\nb", 'q"', "\ufeff", "text"]), st.text(max_size=3))


# What the rows should become.


def label_of(value: object, split: str) -> int | None:
    as_text = value if isinstance(value, str) else str(value) if type(value) is int else ""
    return int(as_text) if as_text in ({"-1", "0", "1"} if split == "unsupervised" else {"0", "1"}) else None


def is_text(value: object) -> bool:
    plain = isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)
    return plain and bool(value.strip()) and "\0" not in value


def expected(files: dict[str, Rows], deduplicate: bool) -> dict[str, Rows] | None:
    """The splits before the validation split is carved; None: they must be refused."""
    splits, seen = {}, set()
    for split in SPLITS:
        rows = [(text, label_of(label, split)) for text, label in files.get(split, [])]
        if any(label is None or not is_text(text) for text, label in rows):
            return None
        splits[split] = []
        for text, label in rows:
            if not (deduplicate and text in seen):
                splits[split].append((text, label))
            seen.add(text)
    counts = {split: Counter(label for _, label in splits[split]) for split in SPLITS}
    carved = 0 if splits["validation"] else CARVED
    if len(splits["train"]) - carved < 16 or (carved and min(counts["train"][0], counts["train"][1]) < 2):
        return None
    labelled = [split for split in ("train", "validation", "test") if split != "validation" or not carved]
    return splits if all(counts[split][label] for split in labelled for label in (0, 1)) else None


# Files from rows.


def serialised(draw: Callable, suffix: str, columns: list[str], rows: Rows, kind: str = "int64") -> bytes:
    if suffix == "parquet":
        return as_parquet(columns, rows, kind, draw(st.sampled_from([1, 7, 1000])))
    if suffix in ("json", "jsonl"):
        lines = [json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=True) for row in rows]
        return ("[" + ",\n".join(lines) + "]" if suffix == "json" else "\n".join(lines)).encode()
    out, end = io.StringIO(newline=""), draw(st.sampled_from(["\n", "\r\n"]))
    lone = any("\r" in str(value) for row in rows for value in row)  # the writer leaves those without quotes
    quoting = csv.QUOTE_ALL if lone else draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    csv.writer(out, delimiter="\t" if suffix == "tsv" else ",", lineterminator=end, quoting=quoting).writerows(
        [columns, *rows]
    )
    return (draw(st.sampled_from(["", "\ufeff"])) + out.getvalue() + draw(st.sampled_from(["", end]))).encode()


def as_parquet(columns: list[str], rows: Rows, kind: str, group: int) -> bytes:
    arrays = []
    for name, values in zip(columns, zip(*rows, strict=True), strict=True):
        array = pa.array([str(value) for value in values] if name == "label" else list(values), pa.string())
        if name == "label" and kind != "string":
            array = array.dictionary_encode() if kind == "dictionary" else array.cast(pa.int64()).cast(kind)
        arrays.append(array)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, names=columns), sink, row_group_size=group)
    return sink.getvalue().to_pybytes()


@st.composite
def datasets(draw: Callable) -> tuple[dict[str, bytes], dict[str, Rows] | None, bool]:
    """Files by name, what must come of them (None: refused), and whether to de-duplicate."""
    suffix, deduplicate = draw(st.sampled_from(FORMATS)), draw(st.booleans())
    fault = draw(st.sampled_from([None] * 15 + ["few", "class", "missing", "twice", "kind"]))
    splits = [split for split in SPLITS if split in ("train", "test") or draw(st.booleans())]
    odd = draw(st.sampled_from([*splits, *[None] * 8]))  # the split with one row to refuse, so that no other hides it
    source, files = {}, {}
    for split in splits:
        rows = list(BASE[split])
        for number in range(draw(st.integers(int(split == odd), 4))):
            row = drawn_row(draw, suffix, split, split == odd and number == 0)
            rows.insert(draw(st.integers(0, len(rows))), row)
        if fault == "few":
            rows = rows[: draw(st.integers(1, 20))]
        if fault == "class" and split != "unsupervised":
            rows = [(text, 1 if label in (0, 1) else label) for text, label in rows]
        source[split] = rows
    columns = draw(st.permutations(["text", "label", *draw(st.lists(NAMES, max_size=2, unique=True))]))
    if fault == "twice":
        columns = ["label" if name not in ("text", "label") else name for name in columns]
    if suffix in ("json", "jsonl"):
        columns = list(dict.fromkeys(columns))
    if fault == "missing":
        columns.remove(draw(st.sampled_from(["text", "label"])))
    usable = not ({"text", "label"} - set(columns) or max(columns.count("text"), columns.count("label")) > 1)
    for split, rows in source.items():
        filled = [tuple({"text": text, "label": label}.get(name, "x") for name in columns) for text, label in rows]
        kind = draw(st.sampled_from(["int64", "int8", "string", "dictionary"] + ["double", "bool"] * (fault == "kind")))
        if suffix == "parquet" and any(type(label) is not int for _, label in rows):
            kind = "string"
        usable = usable and not (suffix == "parquet" and kind in ("double", "bool"))
        files[f"{split}.{suffix}"] = serialised(draw, suffix, columns, filled, kind)
    return files, expected(source, deduplicate) if usable else None, deduplicate


def drawn_row(draw: Callable, suffix: str, split: str, odd: bool) -> tuple:
    in_json = suffix in ("json", "jsonl")
    text, label = draw(TEXTS), draw(st.sampled_from([-1, 0, 1] if split == "unsupervised" else [0, 1]))
    label = draw(st.sampled_from([label, str(label)]))
    if odd and draw(st.booleans()):
        text = draw(ODD_JSON_TEXTS if in_json and draw(st.booleans()) else ODD_TEXTS)
    elif odd:
        label = draw(ODD_JSON_LABELS if in_json and draw(st.booleans()) else ODD_LABELS)
    return text, label


# Damage to whole files.


@st.composite
def damaged(draw: Callable) -> dict[str, bytes]:
    suffix = draw(st.sampled_from(FORMATS))
    columns = draw(st.permutations(["text", "label", "stars"]))
    files = {}
    for split in ("train", "validation", "test"):
        rows = [
            tuple({"text": text, "label": label}.get(name, "x, y") for name in columns) for text, label in BASE[split]
        ]
        files[f"{split}.{suffix}"] = serialised(draw, suffix, columns, rows)
    name = draw(st.sampled_from(list(files)))
    for _ in range(draw(st.integers(1, 2))):
        files[name] = draw(edits(files[name], suffix))
    return files


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
    if suffix != "parquet":
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
