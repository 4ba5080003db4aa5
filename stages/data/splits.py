"""From the source's splits to those of the study: de-duplicated, test and validation carved from train, sampled.

Every draw is stratified by class and seeded, keeps the order of the rows and leaves no class out on either side.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd

from stages.core.errors import InputError
from stages.data.card import Splits, content
from stages.data.settings import GeneratedData, HubData, LocalData

# Of twenty rows in two classes a fifth for test and a tenth for validation leave fourteen, of six classes eight. With
# fewer there is nothing to learn from. A batch may be larger than train: it then has what there is.
MINIMUM_TRAIN_ROWS = 8
VALIDATION_SHARE = 0.1  # of the rows to train on, where nobody says
LABELLED = ("train", "validation", "test")
NAMED = "data.labels can name those that have enough"

Data = GeneratedData | LocalData | HubData


def require_own_splits_kept(splits: Splits, data: Data) -> None:
    """Refuse a size for a split that the source brings, unless it is that split's.

    Raises:
        InputError: names parameter and split.
    """
    for name in ("validation", "test"):
        given, rows = getattr(data, name), len(splits[name])
        if rows and given is not None and given != rows:
            raise InputError(f"data.{name}: {given}: the source brings a {name} split of {rows} rows; leave it out")


def deduplicate(splits: Splits) -> Splits:
    """Drop repeated texts (of pairs: repeated pairs) within and across splits, whatever their labels; keep the first.

    The unsupervised split comes last: an encoder pretrained on it must not have read the test texts.
    """
    unique = dict(splits)
    seen = pd.Series(dtype="str")
    for name in (*LABELLED, "unsupervised"):
        texts = content(splits[name])
        repeated = texts.duplicated() | texts.isin(seen)
        unique[name] = splits[name][~repeated].reset_index(drop=True)
        seen = pd.concat([seen, texts[~repeated]])
    return unique


def require_rows(source: Splits, unique: Splits, classes: Sequence[str], shown: str) -> None:
    """Check that each labelled split has rows after deduplication, and train of every class.

    What the other splits lack of a class is said, not refused: small ones often do. A class of one row is a slip.

    Raises:
        InputError: one has not; the line calls the data ``shown`` and says if deduplication took the rows.
    """
    for name in LABELLED:
        if source[name].empty and name != "train":  # carved from train later
            continue
        before, after = (_counts(splits[name], len(classes)) for splits in (source, unique))
        if before.sum() and not after.sum():
            earlier = _names_of_earlier(source, name)
            raise InputError(
                f"{shown}: {name}: all {len(source[name])} rows also occur in {earlier}; required: texts of its own"
            )
        for label in np.flatnonzero(after == 0) if name == "train" else ():
            fault = f"{shown}: {name}: none of {len(unique[name])} rows is of class {classes[label]!r}"
            if before[label]:
                fault += f", for each of its {before[label]} in the source repeats an earlier text"
            raise InputError(f"{fault}; required: rows of every class; {NAMED}")
    rows = sum(_counts(unique[name], len(classes)) for name in LABELLED)
    for label in np.flatnonzero(rows == 1):
        raise InputError(f"{shown}: one row in all is of class {classes[label]!r}; required: at least two; {NAMED}")


def _names_of_earlier(source: Splits, name: str) -> str:
    """The splits before this one in which its texts occur."""
    texts = content(source[name])
    earlier = LABELLED[: LABELLED.index(name)]
    return " and ".join(other for other in earlier if texts.isin(content(source[other])).any())


def carve(splits: Splits, data: Data, classes: Sequence[str], shown: str) -> Splits:
    """Give the study the test and validation splits that the source has not, out of train.

    Raises:
        InputError: nobody says how large the test split is, or train or a class of it is too small.
    """
    missing = [name for name in ("test", "validation") if splits[name].empty]
    parts = {name: getattr(data, name) for name in missing}
    if "test" in parts and parts["test"] is None:
        raise InputError(
            f"data.test: missing; {shown}: no test split: give rows or a share to carve it from train, such as "
            "data.test: 0.2"
        )
    if "validation" in parts and parts["validation"] is None:
        parts["validation"] = _default_validation(data)
    _require_a_row_each(splits["train"], missing, classes, shown)
    for number, name in enumerate(missing, start=1):
        # One row of each class for train and for every split that is still to be carved.
        splits = _carved(splits, name, parts[name], data.seed, classes, left=1 + len(missing) - number)
    return splits


def _default_validation(data: Data) -> float | int:
    """A tenth of train, or of the rows drawn from it: to choose an epoch by, more would cost time and say no more."""
    sample = data.sample and data.sample.train
    return math.ceil(VALIDATION_SHARE * sample) if sample else VALIDATION_SHARE


def _require_a_row_each(train: pd.DataFrame, missing: list[str], classes: Sequence[str], shown: str) -> None:
    counts = _counts(train, len(classes))
    rarest, needed = int(counts.argmin()), 1 + len(missing)
    if counts[rarest] < needed:
        raise InputError(
            f"{shown}: train: class {classes[rarest]!r} has {_rows(counts[rarest])}; required: at least {needed}, one "
            f"for each of train, {', '.join(missing)} ({', '.join(f'data.{name}' for name in missing)})"
        )


def _carved(splits: Splits, name: str, part: float, seed: int, classes: Sequence[str], left: int) -> Splits:
    train = splits["train"]
    # As a fraction: 0.07 * 100 is more than 7 in floating point.
    rows = part if isinstance(part, int) else max(math.ceil(Fraction(str(part)) * len(train)), len(classes))
    _require_a_row_a_class(f"data.{name}: {part}", rows, classes)
    minimum = max(MINIMUM_TRAIN_ROWS, left * len(classes))
    if len(train) - rows < minimum:
        raise InputError(
            f"data.{name}: {part}: leaves {max(len(train) - rows, 0)} of {len(train)} train rows; "
            f"allowed: at least {minimum} left"
        )
    drawn = _draw(train["label"].to_numpy(), rows, seed, left)
    is_drawn = np.isin(np.arange(len(train)), drawn)
    return {
        **splits,
        "train": train[~is_drawn].reset_index(drop=True),
        name: train[is_drawn].reset_index(drop=True),
    }


def sample(splits: Splits, data: Data, classes: Sequence[str]) -> Splits:
    """Draw from train and test the rows that ``data.sample`` asks for.

    Raises:
        InputError: a split has fewer, or a class would be left out.
    """
    wanted = getattr(data, "sample", None)  # the generated corpus has no more rows than it needs
    drawn = dict(splits)
    for name, rows in wanted or ():
        there = len(splits[name])
        if rows is None or rows == there:
            continue
        if rows > there:
            raise InputError(f"data.sample.{name}: {rows}: {name} has {_rows(there)}; allowed: at most {there}")
        _require_a_row_a_class(f"data.sample.{name}: {rows}", rows, classes)
        positions = _draw(splits[name]["label"].to_numpy(), rows, data.seed, left=0)
        drawn[name] = splits[name].iloc[positions].reset_index(drop=True)
    return drawn


def _draw(labels: np.ndarray, rows: int, seed: int, left: int) -> np.ndarray:
    """Positions of ``rows`` rows in their order: of each class its share, one at least, and ``left`` not drawn."""
    from sklearn.model_selection import train_test_split  # a second to import, and most runs bring the splits

    counts = np.bincount(labels)
    if counts.min() > 1 and len(counts) <= rows <= len(labels) - len(counts):  # what it can stratify
        _, drawn = train_test_split(np.arange(len(labels)), test_size=rows, stratify=labels, random_state=seed)
        taken = np.bincount(labels[drawn], minlength=len(counts))
        if taken.min() > 0 and (counts - taken).min() >= left:
            return np.sort(drawn)
    # It rounds a rare class down to nothing: here each has its row.
    generator = np.random.default_rng(seed)
    chosen = []
    for label, number in enumerate(_allocation(counts, rows, left)):
        chosen.append(generator.choice(np.flatnonzero(labels == label), number, replace=False))
    return np.sort(np.concatenate(chosen))


def _allocation(counts: np.ndarray, rows: int, left: int) -> np.ndarray:
    """How many rows of each class make up ``rows``: as near to its share as the bounds of ``_draw`` allow."""
    shares = counts * rows / counts.sum()
    taken = np.clip(np.floor(shares), 1, counts - left).astype(int)
    while (missing := rows - taken.sum()) != 0:
        step = 1 if missing > 0 else -1
        is_movable = taken < counts - left if step > 0 else taken > 1
        taken[np.where(is_movable, step * (shares - taken), -np.inf).argmax()] += step
    return taken


def _require_a_row_a_class(given: str, rows: int, classes: Sequence[str]) -> None:
    if rows < len(classes):
        raise InputError(f"{given}: fewer than the {len(classes)} classes; allowed: at least a row of each")


def _counts(frame: pd.DataFrame, classes: int) -> np.ndarray:
    """Rows of each class (classes,)."""
    return frame["label"].value_counts().reindex(range(classes), fill_value=0).to_numpy()


def _rows(number: int) -> str:
    return f"{number} row" if number == 1 else f"{number} rows"
