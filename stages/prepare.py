"""prepare: the data source -> data/raw/: four splits as Parquet and the data card.

Deduplication keeps the first of identical texts within train, then drops from each later split (validation,
test, unsupervised) what occurs earlier in it or in an earlier split. Without a validation split of the source's
own, one is carved from train, stratified by label.
"""

import argparse
import os
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stages.core.errors import InputError, run_stage
from stages.data.card import Card, Splits, build_card
from stages.data.settings import DataSettings
from stages.data.sources import load_source
from stages.data.splits import deduplicate, require_usable, with_validation

FOLDER = Path("data/raw")
SCHEMA = pa.schema([("text", pa.string()), ("label", pa.int64())])


def main() -> None:
    """Write ``data/raw/{train,validation,test,unsupervised}.parquet`` and ``data/raw/card.json``.

    Columns: ``text`` (str), ``label`` (int64; 0 negative, 1 positive, -1 unlabelled).

    Raises:
        InputError: the data cannot be used; nothing is written then.
    """
    settings = DataSettings.read()
    origin, source = load_source(settings.data)
    unique = deduplicate(source) if settings.deduplicate else source
    where = getattr(settings.data, "path", origin.name) + (" (de-duplicated)" if settings.deduplicate else "")
    require_usable(unique, where)
    final = with_validation(unique, settings.data.validation, settings.data.seed)
    require_usable(final, where)
    card = build_card(origin, source, unique, final, settings.deduplicate)
    write(final, card)
    print(f"{card.name}: " + ", ".join(f"{name} {split.rows}" for name, split in card.splits.items()))


def write(splits: Splits, card: Card) -> None:
    """Write everything aside, then move it into place: a reader sees no half-written data.

    Raises:
        InputError: the disk is full or the folder cannot be written; it is as it was then.
    """
    try:
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent, prefix=".raw-") as name:
            aside = Path(name)
            for split, frame in splits.items():
                # No pandas metadata: it would tie the bytes to the version of pandas.
                table = pa.Table.from_pandas(frame, schema=SCHEMA, preserve_index=False).replace_schema_metadata(None)
                pq.write_table(table, aside / f"{split}.parquet")
            card.write_to(aside / Card.path().name)
            _move(sorted(aside.iterdir()), aside / "before")
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise InputError(f"{FOLDER}: cannot be written: {reason}; nothing was changed") from error


def _move(files: list[Path], before: Path) -> None:
    """Move the files into the folder; if one cannot be, put back what was there before."""
    is_new = not FOLDER.exists()
    FOLDER.mkdir(exist_ok=True)
    before.mkdir()
    try:
        for file in files:
            if (FOLDER / file.name).is_file():
                os.replace(FOLDER / file.name, before / file.name)
            os.replace(file, FOLDER / file.name)
    except (OSError, KeyboardInterrupt):
        for file in files:
            if not file.exists():
                os.replace(FOLDER / file.name, file)
        for file in before.iterdir():
            os.replace(file, FOLDER / file.name)
        if is_new:
            FOLDER.rmdir()
        raise


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main)
