"""prepare: the data source -> data/raw/: four splits as Parquet and the data card.

In this order: deduplication keeps the first of identical texts within train, then drops from each later split
(validation, test, unsupervised) what occurs earlier in it or in an earlier split; test and then validation are
carved from train where the source has none; train and test are sampled (``stages/data/splits.py``).
"""

import argparse

from stages.core.errors import run_stage
from stages.data import raw_folder
from stages.data.card import Card, Origin, Steps, build_card
from stages.data.settings import DataSettings
from stages.data.sources import load_source
from stages.data.splits import carve, deduplicate, require_own_splits_kept, require_rows, sample

SHOWN = 5  # names in a line, at most


def main() -> None:
    """Write ``data/raw/{train,validation,test,unsupervised}.parquet`` and ``data/raw/card.json``.

    Columns: ``text`` (str), in data of pairs ``pair`` (str), ``label`` (int64; class id, -1 unlabelled).

    Raises:
        InputError: the data cannot be used; nothing is written then.
    """
    settings = DataSettings.read()
    origin, steps = prepared(settings)
    card = build_card(origin, steps, settings.deduplicate, settings.data.seed)
    raw_folder.write(steps.final, card)
    for line in notes(card):
        print(line)
    print(f"{card.name}: " + ", ".join(f"{name} {split.rows}" for name, split in card.splits.items()))


def prepared(settings: DataSettings) -> tuple[Origin, Steps]:
    """The data read, de-duplicated, split and sampled; nothing is written.

    Raises:
        InputError: the data cannot be used.
    """
    data = settings.data
    origin, source = load_source(data)
    require_own_splits_kept(source, data)
    shown = getattr(data, "path", origin.name)  # what messages call the data
    unique = source
    if settings.deduplicate:
        unique = deduplicate(source)
        shown += " (de-duplicated)"
    require_rows(source, unique, origin.classes, shown)
    whole = carve(unique, data, origin.classes, shown)
    return origin, Steps(source, unique, whole, sample(whole, data, origin.classes))


def notes(card: Card) -> list[str]:
    """What was left out, drawn or taken for granted, a line each."""
    lines = []
    if card.source != "generated":
        roles = {role: getattr(card.columns, role) for role in ("text", "pair", "label")}
        lines.append(f"columns: {', '.join(f'{role} {name!r}' for role, name in roles.items() if name)}")
        lines.append(f"classes: {listed(card.classes)}")
    renamed = [f"{raw!r} is {name!r}" for raw, name in card.raw_labels.items() if raw != name]
    duplicates = {name: split.duplicates_removed for name, split in card.splits.items()}
    dropped = [f"{rows} of {raw!r}" for raw, rows in card.dropped_labels.items()]
    said = {
        "labels": listed(renamed),
        "files not read": listed(card.ignored_files),
        "columns not used": listed(card.unused_columns),
        "rows left out by label": listed(dropped),
        "duplicates removed": listed([f"{name} {rows}" for name, rows in duplicates.items() if rows]),
    }
    lines += [f"{subject}: {what}" for subject, what in said.items() if what]
    for name in ("validation", "test"):
        missing = [card.classes[label] for label in card.missing_classes(name)]
        if missing:
            lines.append(f"{name}: no row of {listed(missing)}")
    if card.conflicting_duplicates:
        kept = "the first of each is kept" if card.deduplicate else "all are kept"
        lines.append(f"texts with several labels: {card.conflicting_duplicates}; {kept}")
    for name, came_from in {"test": card.test_from, "validation": card.validation_from}.items():
        if came_from == "train":
            lines.append(f"{name}: {card.splits[name].rows} rows drawn from train with seed {card.seed}")
    for name, rows in card.sampled_from.items():
        lines.append(f"{name}: {card.splits[name].rows} rows drawn from {rows} with seed {card.seed}")
    return lines


def listed(names: list[str]) -> str:
    """The first of them on one line, and how many more there are."""
    first = [name if name.isprintable() else repr(name) for name in names[:SHOWN]]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(first) + more


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    run_stage(main)
