"""``prepare`` on generated data: it refuses what is unusable with one line, and writes all else to the row.

What must come out is worked out from the rows before they stand in a file (``test_generated_rows``), or by reading
a damaged file with other readers than the project's (``test_damaged_files``). Nothing here calls ``stages.data``.
"""

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages import prepare
from stages.core.errors import InputError
from tests.helpers.fuzzed_reviews import CARVED, SPLITS, Rows, damaged, datasets, expected

FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "300")),  # of each of the two tests
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
pytestmark = pytest.mark.usefixtures("in_empty_folder")


def verify(want: dict[str, Rows]) -> None:
    got = {split: pq.read_table(f"data/raw/{split}.parquet").to_pydict() for split in SPLITS}
    rows = {split: list(zip(columns["text"], columns["label"], strict=True)) for split, columns in got.items()}
    if not want["validation"]:  # carved: each part in order, together the whole
        assert len(rows["validation"]) == CARVED
        assert {label for _, label in rows["validation"]} == {0, 1}
        rest = Counter(rows["validation"])
        kept = [row for row in want["train"] if row in Counter(rows["train"])]
        assert Counter(rows["train"]) + rest == Counter(want["train"])
        for part in ("train", "validation"):
            source = iter(kept if part == "train" else want["train"])
            assert all(row in source for row in rows[part])
        rows |= {"train": want["train"], "validation": []}
    assert rows == want


def prepared(deduplicate: bool, path: str) -> bool:
    """Whether ``prepare`` took the data; if not, it said so in one line and changed nothing."""
    Path("data/settings").mkdir(parents=True, exist_ok=True)
    data = {"source": "local", "path": path, "validation": CARVED, "seed": 1}
    Path("data/settings/data.json").write_text(json.dumps({"data": data, "deduplicate": deduplicate}), encoding="utf-8")
    before = snapshot()
    fault = None
    try:
        prepare.main()
    except InputError as error:
        fault = str(error)
    if fault is not None:
        assert fault.isprintable()
        assert len(fault) < 500
        assert snapshot() == before
        return False
    assert set(snapshot()) - set(before) <= {
        f"data/raw/{name}" for name in ("card.json", *(f"{s}.parquet" for s in SPLITS))
    }
    return True


def snapshot() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def laid_out(files: dict[str, bytes]) -> None:
    shutil.rmtree("reviews", ignore_errors=True)
    Path("reviews").mkdir()
    for name, content in files.items():
        Path("reviews", name).write_bytes(content)


def test_generated_rows():
    tally = Counter()

    @FUZZ
    @given(datasets())
    def check(example: tuple) -> None:
        files, want, deduplicate = example
        laid_out(files)
        tally[want is not None] += 1
        assert prepared(deduplicate, "reviews") == (want is not None)
        if want is not None:
            verify(want)

    check()
    assert min(tally[True], tally[False]) > 0.25 * tally.total()  # neither kind is the rule


def read(name: str) -> Rows:
    """The rows of a file, as pandas and the json module see them."""
    file = Path("reviews", name)
    if name.endswith("parquet"):
        frame = pd.read_parquet(file, columns=["text", "label"], dtype_backend="pyarrow")
    elif name.endswith(("csv", "tsv")):
        frame = pd.read_csv(
            file, sep="\t" if name.endswith("tsv") else ",", dtype=str, keep_default_na=False, index_col=False
        )
    else:
        text = re.sub(r"}\s*{", "},{", file.read_text("utf-8-sig").strip())
        frame = pd.DataFrame(json.loads(text if text.startswith("[") else f"[{text}]"), dtype=object)
    return list(zip(frame["text"].tolist(), frame["label"].tolist(), strict=True))


def test_damaged_files():
    tally = Counter()

    @FUZZ
    @given(damaged(), st.booleans())
    def check(files: dict[str, bytes], deduplicate: bool) -> None:
        laid_out(files)
        tally[taken := prepared(deduplicate, "reviews")] += 1
        if taken:
            want = expected({name.split(".")[0]: read(name) for name in files}, deduplicate)
            assert want is not None
            verify(want)

    check()
    assert min(tally[True], tally[False]) > 0.1 * tally.total()
