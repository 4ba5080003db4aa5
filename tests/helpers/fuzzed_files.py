"""Tables as files of every format; nothing here calls ``stages``."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

PLAIN = ["csv", "tsv", "jsonl", "json", "parquet"]
FORMATS = [*PLAIN, "arrow", *(f"{suffix}.gz" for suffix in PLAIN)]


NAMES = {  # of files, folders and in the column `split`
    "train": ["train", "Train", "TRAIN"],
    "validation": ["validation", "valid", "val", "dev", "Dev"],
    "test": ["test", "TEST"],
    "unsupervised": ["unsupervised", "unlabeled", "unlabelled", "unsup"],
}


class Csv(NamedTuple):
    """How a CSV file is written; ``usual`` is the delimiter that nobody has to name."""

    usual: str = ","
    delimiter: str = ","
    encoding: str = "utf-8"
    quoting: str = "minimal"
    end: str = "\n"

    def settings(self) -> dict:
        """What ``data.csv`` says of it."""
        said = {} if self.delimiter == self.usual else {"delimiter": self.delimiter}
        said |= {} if self.encoding.startswith("utf-8") else {"encoding": self.encoding}
        return said | ({"quoting": "none"} if self.quoting == "none" else {})

    def can_hold(self, text: str) -> bool:
        """Whether a field can have this text. One that ends with a carriage return needs quotes."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return False
        # Tabs and line breaks between quotes may look like rows, see ``stages/data/table_files.py``.
        barred = [self.delimiter, "\n"] if self.quoting == "none" else ["\t"] * (self.delimiter == "\t")
        return not text.endswith("\r") and not any(character in text for character in barred)


class Scheme(NamedTuple):
    """Labels: the values that occur with the class of each, what ``data.labels`` says, and the classes' names."""

    ids: dict  # value -> class id
    given: object
    classes: list[str]
    class_names: list[str] | None = None  # of a ClassLabel
    odd: object = 0.5  # a value to refuse, or to leave out where ``given`` has it not

    @property
    def unlabelled(self) -> list:
        """What says that a row has no label: -1 only where it is no label and can stand beside them in a column."""
        return [None] if -1 in self.ids or any(isinstance(value, bool) for value in self.ids) else [None, -1]


class Row(NamedTuple):
    """One row; ``id`` is its class, -1 where it is unlabelled, None where it must be refused or left out."""

    number: int  # no two rows have the same
    split: str
    texts: tuple
    label: object
    id: int | None


class Plan(NamedTuple):
    """What was drawn."""

    layout: str
    suffix: str
    scheme: Scheme
    options: Csv
    fault: str | None
    columns: dict[str, str]  # role -> name
    extra: list[str]
    settings: dict


def of_columns(suffix: str, columns: dict[str, list], options: Csv, class_names: list[str] | None, label: str) -> bytes:
    """A file with these columns, by name."""
    kind = suffix.removesuffix(".gz")
    if kind in ("parquet", "arrow"):
        content = _typed(kind, columns, class_names, label)
    elif kind in ("json", "jsonl"):
        lines = [json.dumps(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]
        content = ("[" + ",\n".join(lines) + "]" if kind == "json" else "\n".join(lines)).encode()
    else:
        content = _delimited(columns, options)
    return gzip.compress(content) if suffix.endswith(".gz") else content


def _delimited(columns: dict[str, list], options: Csv) -> bytes:
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    rows = [["" if value is None else str(value) for value in row] for row in rows]
    if options.quoting == "none":
        text = "".join(options.delimiter.join(row) + options.end for row in rows)
    else:
        out = io.StringIO(newline="")
        quoting = csv.QUOTE_ALL if options.quoting == "all" else csv.QUOTE_MINIMAL
        csv.writer(out, delimiter=options.delimiter, lineterminator=options.end, quoting=quoting).writerows(rows)
        text = out.getvalue()
    return text.encode(options.encoding)


def _typed(kind: str, columns: dict[str, list], class_names: list[str] | None, label: str) -> bytes:
    table = pa.table({name: _array(values) for name, values in columns.items()})
    if class_names and label in columns:
        features = {label: {"names": class_names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    sink = pa.BufferOutputStream()
    if kind == "parquet":
        pq.write_table(table, sink, row_group_size=3)
    else:
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    return sink.getvalue().to_pybytes()


def _array(values: list) -> pa.Array:
    """Of the one type that holds all values: strings where one is."""
    if any(isinstance(value, str) for value in values):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    if any(isinstance(value, float) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array(values)


# Which rows stand in which file.

File = tuple[str, list[str], list[Row]]  # name, columns, rows


def laid_out(draw: Callable, rows: list[Row], plan: Plan) -> list[File]:
    """The files of a source, each split's in order and the splits in theirs."""
    columns = draw(st.permutations([*plan.columns.values(), *plan.extra]))
    if plan.fault == "column":
        columns.remove(plan.columns[draw(st.sampled_from(["text", "label"]))])
    if plan.fault == "half":
        columns.append("text_pair")
    if plan.layout in ("single", "lone"):
        return [(f"all.{plan.suffix}", columns + ["split"] * (plan.layout == "single"), rows)]
    files = []
    for split in [split for split in NAMES if any(row.split == split for row in rows)]:
        part = [row for row in rows if row.split == split]
        kept = [name for name in columns if name != plan.columns["label"]]
        has_labels = split in ("train", "validation") or any(row.label is not None for row in part)
        given = columns if has_labels or draw(st.booleans()) else kept
        files += _of_split(draw, draw(st.sampled_from(NAMES[split])), split, given, part, plan)
    return files


def _of_split(draw: Callable, name: str, split: str, columns: list[str], rows: list[Row], plan: Plan) -> list[File]:
    if plan.layout == "data":
        return [(f"data/{name}.{plan.suffix}", columns, rows)]
    if plan.layout == "saved":
        return [(f"{split}/data-00000-of-00001.arrow", columns, rows)]
    if plan.layout == "readme":
        return [(f"parts/{split}_a.{plan.suffix}", columns, rows)]
    if plan.layout == "files" or len(rows) < 2:
        return [(f"{name}.{plan.suffix}", columns, rows)]
    middle = draw(st.integers(1, len(rows) - 1))
    form = f"{name}-{{:05}}-of-00002" if draw(st.booleans()) else f"{name}_{{}}"
    form = f"{name}/part {{}}" if plan.layout == "folders" else form
    cut = [rows[:middle], rows[middle:]]
    return [(f"{form.format(number)}.{plan.suffix}", columns, part) for number, part in enumerate(cut)]


def value_of(row: Row, column: str, plan: Plan, draw: Callable) -> object:
    """What stands in one column of a row."""
    if column == "split":
        return draw(st.sampled_from(NAMES[row.split]))
    roles = {name: role for role, name in plan.columns.items()}
    values = {"text": row.texts[0], "pair": row.texts[-1], "label": row.label}
    return values.get(roles.get(column), "x")


def metadata(files: list[File], plan: Plan) -> dict[str, bytes]:
    """What stands beside the files of layouts that `datasets` writes."""
    if plan.layout == "readme":
        lines = [f"  - {{split: {part[0].split}, path: {name}}}" for name, _, part in files]
        head = "\n".join(["---", "configs:", "- config_name: default", "  data_files:", *lines, "---", ""])
        return {"README.md": head.encode()}
    if plan.layout != "saved":
        return {}
    states = {"dataset_dict.json": b"{}"}
    for name, _, _ in files:
        folder, file = name.split("/")
        states[f"{folder}/state.json"] = json.dumps({"_data_files": [{"filename": file}]}).encode()
        states[f"{folder}/dataset_info.json"] = b"{}"
    return states
