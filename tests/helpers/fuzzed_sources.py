"""Random sources of any layout, format and options, and what must come of them.

It is worked out from the rows before they stand in a file; nothing here calls ``stages``.
"""

from collections.abc import Callable
from typing import NamedTuple

from hypothesis import strategies as st

from tests.helpers.fuzzed_files import FORMATS, Csv, Plan, Row, Scheme, laid_out, metadata, of_columns, value_of

FOLDER = "source"
SPLITS = ("train", "validation", "test", "unsupervised")
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=8),
    st.sampled_from(["NA", "null", "2020-01-01", "7", "1.0", '"', 'a "b" c', "a,b", "a;b", "a\tb", "a|b"]),
    st.sampled_from(["\ufeffx", "\u200b", "=1+1", "'", "\\", "True", "#", "a\x85b", "a\rb", "a\r\nb", " x ", "\n x"]),
).filter(str.strip)
ODD_TEXTS = ["", " ", "\t ", "a\0b", "\0"]
ODD_JSON_TEXTS = [None, 3, 1.5, True, ["a"], {"a": 1}, "\ud800", "\udfff\ud800"]
EXTRA = ["stars", "Text", "label ", "id", "a\nb", 'q"', "split2"]
WORDS = ["work", "ham", "spam"]


SCHEMES = {
    "ids": Scheme({0: 0, 1: 1, 2: 2, 3: 3}, None, ["0", "1", "2", "3"]),
    "numbers": Scheme({10: 2, 9: 1, 1: 0}, None, ["1", "9", "10"]),
    "words": Scheme({"work": 2, "ham": 0, "spam": 1}, None, ["ham", "spam", "work"], odd=None),
    "truth": Scheme({True: 1, False: 0}, None, ["False", "True"], odd=None),
    "floats": Scheme({2.0: 1, 1.0: 0}, None, ["1", "2"]),
    "signs": Scheme({-1: 0, 1: 1}, None, ["-1", "1"]),
    "spaces": Scheme({" 1": 1, "0 ": 0}, None, ["0", "1"], odd="0.5"),
    "map to ids": Scheme({"work": 0, "ham": 1, "spam": 2}, {"work": 0, "ham": 1, "spam": 2}, WORDS, odd="b c"),
    "stars": Scheme({1: 0, 2: 0, 5: 1}, {"1": "bad", "2": "bad", "5": "good"}, ["bad", "good"], odd=4),
    "many to one": Scheme({1: 1, 2: 1, 5: 0}, {"5": 0, "1": 1, "2": 1}, ["5", "1 / 2"], odd=1.5),
    "named ids": Scheme({0: 0, 1: 1, 2: 2}, WORDS, WORDS, odd=3),
    "list of values": Scheme({"work": 0, "ham": 1, "spam": 2}, WORDS, WORDS, odd="Ham"),
    "class label": Scheme({0: 0, 1: 1, 2: 2}, None, WORDS, WORDS, odd=3),
    "class label mapped": Scheme({0: 1, 1: 0}, {"ham": 0, "work": 1}, ["ham", "work"], ["work", "ham"], odd=None),
}
UNTYPED = [name for name, scheme in SCHEMES.items() if not scheme.class_names]
TYPED = [name for name, scheme in SCHEMES.items() if scheme.class_names]
FAULTS = ["text", "label", "unlabelled", "hidden", "column", "half", "one class"]


class Source(NamedTuple):
    """Files, what is said of them, and what must come of them."""

    files: dict[str, bytes]
    settings: dict
    refusal: str | None  # what the line starts with; None: it is read
    splits: dict[str, list[tuple]]
    rows: dict[str, int]  # in the files
    classes: list[str]
    ignored: list[str]
    hidden: int  # rows of a test split without labels


@st.composite
def sources(draw: Callable) -> Source:
    """A source with at most one fault."""
    plan = draw(plans())
    names = ["train", *(split for split in SPLITS[1:] if plan.layout != "lone" and draw(st.booleans()))]
    rows: list[Row] = []
    for split in names:
        rows += draw(rows_of(split, plan, len(rows)))
    rows = draw(spoiled(rows, plan))
    files = laid_out(draw, rows, plan)
    ordered = [row for _, _, part in files for row in part]
    content, ignored = {}, []
    for name, columns, part in files:
        values = {column: [value_of(row, column, plan, draw) for row in part] for column in columns}
        label = plan.columns["label"]
        content[name] = of_columns(plan.suffix, values, plan.options, plan.scheme.class_names, label)
    content |= metadata(files, plan)
    if plan.layout in ("files", "shards", "folders") and draw(st.booleans()):
        content |= {"train_raw.csv": b"\0", "test_predictions_of_bert.json": b"{", "notes.txt": b"x"}
        ignored = ["test_predictions_of_bert.json", "train_raw.csv"]
    if plan.fault == "hidden" and "test" in names:
        tests = [name for name, _, part in files if part[0].split == "test"]
        in_files = [f"{name} (no labels)" for name in tests]
        ignored += in_files if plan.layout != "single" else [f"{files[0][0]} (split test: no labels)"]
    refusal = refusal_of(files, plan)
    splits = {split: [] for split in SPLITS}
    for row in ordered:
        if row.id is not None and not (plan.fault == "hidden" and row.split == "test"):
            splits[row.split].append((*row.texts, row.id))
    counts = {split: sum(row.split == split for row in rows) for split in SPLITS}
    counts = {split: count for split, count in counts.items() if count}
    hidden = counts.get("test", 0) if plan.fault == "hidden" else 0
    return Source(content, plan.settings, refusal, splits, counts, plan.scheme.classes, ignored, hidden)


@st.composite
def plans(draw: Callable) -> Plan:
    suffix = draw(st.sampled_from(FORMATS))
    is_typed = suffix.startswith(("parquet", "arrow"))
    layouts = ["files", "shards", "folders", "data", "single", "lone"] + ["saved"] * 3 * (suffix == "arrow")
    layouts += ["readme"] * (suffix in ("csv", "jsonl", "parquet"))
    scheme = SCHEMES[draw(st.sampled_from(UNTYPED + TYPED * 2 * is_typed))]
    options = draw(csv_options(suffix)) if suffix.startswith(("csv", "tsv")) else Csv()
    columns = {"text": draw(st.sampled_from(["text", "Review", "a b"]))}
    columns["label"] = draw(st.sampled_from(["label", "y"]))
    if draw(st.integers(0, 3)) == 0:
        columns["pair"] = draw(st.sampled_from(["pair", "sentence2", "question"]))
    extra = [name for name in draw(st.lists(st.sampled_from(EXTRA), max_size=2, unique=True)) if options.can_hold(name)]
    fault = draw(st.sampled_from([None] * 7 + FAULTS))
    settings = {"columns": columns, "labels": scheme.given, "csv": options.settings()}
    settings["labels_other"] = draw(st.sampled_from(["refuse", "drop"]))
    settings["test"] = draw(st.sampled_from([0.2, 5, None]))
    return Plan(draw(st.sampled_from(layouts)), suffix, scheme, options, fault, columns, extra, settings)


@st.composite
def csv_options(draw: Callable, suffix: str) -> Csv:
    usual = "\t" if suffix.startswith("tsv") else ","
    return Csv(
        usual,
        draw(st.sampled_from([usual] * 3 + [";", "|", "\t", ","])),
        draw(st.sampled_from(["utf-8"] * 3 + ["utf-16", "latin-1", "cp1252", "utf-8-sig"])),
        draw(st.sampled_from(["minimal", "minimal", "all", "none"])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )


@st.composite
def rows_of(draw: Callable, split: str, plan: Plan, first: int) -> list[Row]:
    """Each label once, and some more; of the unsupervised split, one or two without any besides."""
    labels = list(plan.scheme.ids.items())
    labels += draw(st.lists(st.sampled_from(labels), max_size=3))
    if split == "unsupervised":
        labels = [(draw(st.sampled_from(plan.scheme.unlabelled)), -1), *draw(st.sampled_from([[], labels]))]
    rows = []
    for number, (label, id) in enumerate(draw(st.permutations(labels)), start=first):
        drawn = [draw(TEXTS) if draw(st.booleans()) else "" for _ in range(1 + ("pair" in plan.columns))]
        texts = tuple(text if text and plan.options.can_hold(text) else f"{split} {number}" for text in drawn)
        rows.append(Row(number, split, texts, label, id))
    return rows


@st.composite
def spoiled(draw: Callable, rows: list[Row], plan: Plan) -> list[Row]:
    """With one row more that has the plan's fault, or with it in many."""
    rows = list(rows)
    index = draw(st.integers(0, len(rows) - 1))
    row = rows[index]._replace(number=len(rows), id=None)
    if plan.fault == "text":
        odd = [text for text in ODD_TEXTS if plan.options.can_hold(text)]
        odd += ODD_JSON_TEXTS * plan.suffix.startswith("json")
        rows.insert(index, row._replace(texts=(draw(st.sampled_from(odd)), *row.texts[1:])))
    elif plan.fault == "label" and plan.scheme.odd is not None:
        rows.insert(index, row._replace(label=plan.scheme.odd))
    elif plan.fault == "unlabelled":
        rows.insert(index, row._replace(label=None, id=-1 if row.split == "unsupervised" else None))
    elif plan.fault == "hidden":
        hidden = draw(st.sampled_from(plan.scheme.unlabelled))
        rows = [row._replace(label=hidden, id=-1) if row.split == "test" else row for row in rows]
    elif plan.fault == "one class":
        label, id = list(plan.scheme.ids.items())[-1]  # not -1, which alone says nothing
        rows = [row if row.id == -1 else row._replace(label=label, id=id) for row in rows]
    return draw(st.permutations(rows)) if plan.layout == "single" else rows


def refusal_of(files: list[tuple[str, list[str], list[Row]]], plan: Plan) -> str | None:
    """What the line starts with that refuses the source, in the order in which a fault is met; None: it is read."""
    first = f"{FOLDER}/{files[0][0]}"
    rows = [row for _, _, part in files for row in part]
    if plan.fault == "column":
        return f"{first}: no column"
    if plan.fault == "half" and "pair" not in plan.columns:
        return f"{first}: column 'text_pair' looks like"
    odd = next((place_and_row for place_and_row in placed(files) if place_and_row[1].id is None), None)
    is_id = plan.fault == "label" and plan.scheme.class_names  # an id without a name
    if odd and (plan.fault == "text" or is_id):
        return odd[0]
    labelled = [row for row in rows if row.split != "unsupervised" and row.id not in (None, -1)]
    if plan.settings["test"] is None and not any(row.split == "test" for row in labelled):
        return "data.test: missing; "
    if odd and plan.settings["labels_other"] == "refuse":
        return odd[0]
    # Without a map a fraction is no class that could be left out.
    if odd and plan.fault == "label" and plan.settings["labels"] is None and odd[1].split != "unsupervised":
        return odd[0]
    return FOLDER if len({row.id for row in labelled}) < 2 else None


def placed(files: list[tuple[str, list[str], list[Row]]]) -> list[tuple[str, Row]]:
    """Every row with what messages call it."""
    return [
        (f"{FOLDER}/{name}: row {number}: ", row) for name, _, part in files for number, row in enumerate(part, start=1)
    ]
