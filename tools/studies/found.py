"""What ``make new`` found in a source, on the terminal: rows, classes, lengths, columns, guesses, what is not read."""

import unicodedata

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stages.data.card import NO_LABEL, Splits
from stages.data.checks import line_of, listed, split_called
from stages.data.survey import Survey
from tools.studies.writing import Draft

SHOWN_CLASSES = 8  # columns of the table; with more, the largest and the smallest are named
SMALL_TEST = 200  # rows: an accuracy on fewer is known to several points at best


def show(console: Console, draft: Draft, splits: Splits, survey: Survey, reasons: list[str]) -> None:
    """Print all of it; ``reasons`` say how columns and options were found."""
    console.print(Text(f"{line_of(draft.path)}: {line_of(draft.origin.name)}"))
    console.print(_table(draft, splits))
    for what, said in _lines(draft, splits, survey, reasons):
        console.print(Text(f"  {what}: {said}"))


def _table(draft: Draft, splits: Splits) -> Table:
    """Rows by split, and of the classes the share in each."""
    classes = draft.origin.classes
    shown = classes if len(classes) <= SHOWN_CLASSES else []
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("  split")
    for header in ("rows", *map(line_of, shown)):
        table.add_column(Text(header), justify="right")
    for split, frame in splits.items():
        if frame.empty:
            continue
        counts = frame["label"].value_counts()
        labelled = max(int((frame["label"] >= 0).sum()), 1)
        shares = [f"{counts.get(label, 0):,} ({counts.get(label, 0) / labelled:.0%})" for label in range(len(shown))]
        if split == "unsupervised":
            shares = [""] * len(shown)
        table.add_row(f"  {split}", f"{len(frame):,}", *shares)
    return table


def _lines(draft: Draft, splits: Splits, survey: Survey, reasons: list[str]) -> list[tuple[str, str]]:
    origin, sizes, lengths = draft.origin, draft.sizes, draft.lengths
    lines = [("classes", f"{len(origin.classes)}: {listed(origin.classes)}")]
    if len(origin.classes) > SHOWN_CLASSES:
        counts = splits["train"]["label"].value_counts()
        ends = [
            f"{line_of(origin.classes[label])} {counts[label]:,} rows" for label in (counts.index[0], counts.index[-1])
        ]
        lines.append(("largest and smallest", ", ".join(ends)))
    words = f"median {lengths.median:,.0f}, 95% up to {lengths.p95:,.0f}, longest {lengths.longest:,}"
    lines.append(("words a text", words))
    lines += [("guessed", reason) for reason in reasons]
    if sizes.test is not None:
        lines.append(("no test split", f"{_part(sizes.test)} kept for it"))
    if sizes.validation is not None:
        lines.append(("no validation split", f"{_part(sizes.validation)} kept for it"))
    for split, rows in (("train", sizes.sample_train), ("test", sizes.sample_test)):
        if rows is not None:
            lines.append(("large", f"{rows:,} rows of {split} are drawn, so that a laptop ends in minutes"))
    if origin.dropped_labels:
        why = {True: "", False: " (too few texts for each split)"}
        labels = origin.dropped_labels.items()
        dropped = [f"{rows:,} of {raw!r}{why[raw == NO_LABEL]}" for raw, rows in labels]
        lines.append(("rows not used, by label", listed(dropped)))
    if origin.unused_columns:
        lines.append(("columns not used", listed(origin.unused_columns)))
    if origin.ignored_files:
        lines.append(("files not used", listed(origin.ignored_files)))
    return lines + _warnings(draft, splits) + _doubts(draft, survey)


def _part(part: float | int) -> str:
    return f"{part:,} rows of train are" if isinstance(part, int) else f"{part:.0%} of train is"


def _warnings(draft: Draft, splits: Splits) -> list[tuple[str, str]]:
    """What will limit the results, whatever the methods."""
    frame, lines = splits["train"], []
    labelled = frame[frame["label"] >= 0]
    share = labelled["label"].value_counts(normalize=True).iloc[0]
    if share > max(0.8, 1.5 / len(draft.origin.classes)):
        name = draft.origin.classes[labelled["label"].mode()[0]]
        lines.append(
            ("note", f"{share:.0%} of train is {name}: answering that always is as accurate; look at macro-F1")
        )
    tested = len(splits["test"]) or int(draft.sizes.test if isinstance(draft.sizes.test, int) else 0)
    tested = tested or int((draft.sizes.test or 0) * len(frame))
    if tested < SMALL_TEST:
        lines.append(("note", f"{tested} rows to test on: accuracies are known to several points at best"))
    return lines


def _doubts(draft: Draft, survey: Survey) -> list[tuple[str, str]]:
    """What may be meant otherwise than it is taken."""
    lines = []
    for column in survey.columns:
        splits = {split_called(value) for value in column.values}
        if column.name in draft.origin.unused_columns and "train" in splits and None not in splits:
            said = f"column {line_of(column.name)!r} looks like names of splits; called split, it would be read as them"
            lines.append(("note", said))
    classes = draft.origin.classes
    folded = [unicodedata.normalize("NFKC", name).casefold() for name in classes]
    alike = [name for name, fold in zip(classes, folded, strict=True) if folded.count(fold) > 1]
    if alike:
        said = f"classes that differ by case or by how letters are encoded: {listed(alike)}; labels can join them"
        lines.append(("note", said))
    return lines
