"""Random sources: exactly the given rows and labels come of them, or one line that names the file and the row.

What must come out is worked out from the rows before they stand in a file (``tests/helpers/fuzzed_sources.py``), or by
reading a damaged file with other readers than the project's (``tests/helpers/damaged_files.py``).
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.core.errors import InputError
from stages.data.card import Origin, Splits
from stages.data.settings import LocalData
from stages.data.sources import load_source
from stages.data.survey import survey
from tests.helpers.damaged_files import LABELS, damaged, read_otherwise
from tests.helpers.fuzzed_sources import FOLDER, ODD_TEXTS, SPLITS, TEXTS, Source, sources

pytestmark = pytest.mark.usefixtures("in_empty_folder")
EXAMPLES = [60, pytest.param(1000, marks=pytest.mark.slow)]


def fuzz(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=slow)


def lay_out(files: dict[str, bytes]) -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, content in files.items():
        Path(FOLDER, name).parent.mkdir(parents=True, exist_ok=True)
        Path(FOLDER, name).write_bytes(content)


def load(data: LocalData) -> tuple[tuple[Origin, Splits] | None, str]:
    """What is loaded, or the line that says why not."""
    try:
        return load_source(data), ""
    except InputError as error:
        line = str(error)
    assert line.isprintable()
    assert len(line) < 600
    return None, line


def rows_of(splits: Splits) -> dict[str, list[tuple]]:
    return {split: list(zip(*(frame[name].tolist() for name in frame), strict=True)) for split, frame in splits.items()}


def verify(source: Source) -> bool:
    """Whether the source was read."""
    lay_out(source.files)
    alone = next((name for name in source.files if name.startswith("all.")), None)
    path = f"{FOLDER}/{alone}" if alone else FOLDER
    data = LocalData.model_validate({"source": "local", "path": path} | source.settings)
    loaded, line = load(data)
    if source.refusal is not None:
        assert line.startswith(source.refusal)
        return False
    assert line == ""
    origin, splits = loaded
    assert rows_of(splits) == source.splits
    # Of classes that do not occur the names are known where the source or the settings have them.
    assert [name for name in origin.classes if name in source.classes] == origin.classes
    assert origin.ignored_files == source.ignored
    assert survey(data).rows == source.rows
    dropped = sum(source.rows.values()) - sum(map(len, source.splits.values())) - source.hidden
    assert sum(origin.dropped_labels.values()) == dropped
    return True


@pytest.mark.parametrize("examples", EXAMPLES)
def test_generated_sources(examples):
    tally = Counter()

    @fuzz(examples)
    @given(sources())
    def check(source: Source) -> None:
        tally[verify(source)] += 1

    check()
    assert min(tally[True], tally[False]) > 0.25 * tally.total()  # neither kind is the rule


NAMES = st.sampled_from(["spam", "ham", "a b", "x.y", "3", "Über"])
TEXT_FILES = TEXTS.filter(lambda text: text.removeprefix("\ufeff").strip()) | st.sampled_from(ODD_TEXTS)
TREES = st.dictionaries(NAMES, st.lists(TEXT_FILES, min_size=1, max_size=11), min_size=1)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_folders_of_classes(examples):
    @fuzz(examples)
    @given(TREES)
    def check(tree: dict[str, list[str]]) -> None:
        files = {f"train/{name}/{i}.txt": text for name, texts in tree.items() for i, text in enumerate(texts)}
        lay_out({name: text.encode() for name, text in files.items()})
        loaded, line = load(LocalData(source="local", path=FOLDER, test=2))
        odd = [f"{FOLDER}/{name}: " for name, text in files.items() if text in ODD_TEXTS]
        if odd or len(tree) < 2:
            assert line.startswith(tuple(odd or [f"{FOLDER}: one class alone, "]))
            return
        classes = sorted(tree)
        want = [(text.removeprefix("\ufeff"), label) for label, name in enumerate(classes) for text in tree[name]]
        assert (loaded[0].classes, rows_of(loaded[1])["train"]) == (classes, want)

    check()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_damaged_files(examples):
    tally = Counter()

    @fuzz(examples)
    @given(damaged())
    def check(files: dict[str, bytes]) -> None:
        lay_out(files)
        data = LocalData.model_validate({"source": "local", "path": FOLDER, "labels": LABELS})
        loaded, _ = load(data)
        tally[loaded is not None] += 1
        if loaded:
            want = {name.split(".")[0]: read_otherwise(Path(FOLDER, name)) for name in files}
            assert rows_of(loaded[1]) == {split: want.get(split, []) for split in SPLITS}

    check()
    assert min(tally[True], tally[False]) > 0.1 * tally.total()
