"""prepare: the data source -> data/raw/: four splits as Parquet and the data card.

Deduplication keeps the first of identical texts within train, then drops from each later split (validation,
test, unsupervised) what occurs earlier in it or in an earlier split. Without a validation split of the source's
own, one is carved from train, stratified by label.
"""

import argparse

from stages.core.errors import run_stage
from stages.data import raw_folder
from stages.data.card import build_card
from stages.data.settings import DataSettings
from stages.data.sources import load_source
from stages.data.splits import deduplicate, require_usable, with_validation


def main() -> None:
    """Write ``data/raw/{train,validation,test,unsupervised}.parquet`` and ``data/raw/card.json``.

    Columns: ``text`` (str), ``label`` (int64; 0 negative, 1 positive, -1 unlabelled).

    Raises:
        InputError: the data cannot be used; nothing is written then.
    """
    settings = DataSettings.read()
    origin, source = load_source(settings.data)
    unique = deduplicate(source) if settings.deduplicate else source
    shown = getattr(settings.data, "path", origin.name)  # what messages call the data
    if settings.deduplicate:
        shown += " (de-duplicated)"
    require_usable(unique, shown)
    final = with_validation(unique, settings.data.validation, settings.data.seed)
    require_usable(final, shown)
    card = build_card(origin, source, unique, final, settings.deduplicate)
    raw_folder.write(final, card)
    print(f"{card.name}: " + ", ".join(f"{name} {split.rows}" for name, split in card.splits.items()))


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main)
