"""Which columns of a source are its text, the second text of a pair, and its label: where names and values tell."""

from typing import NamedTuple

from stages.core.errors import InputError
from stages.data.checks import is_half, line_of, listed
from stages.data.settings import MAXIMUM_CLASSES, Columns, raw_value
from stages.data.survey import ColumnSurvey, Survey
from tools.studies.request import Request

# Names without anything but letters and digits, in lower case.
LABELS = ("label", "labels", "class", "category", "target", "sentiment", "y", "goldlabel", "classindex", "intent")
LABELS += ("emotion", "topic", "rating", "stars", "score", "polarity", "classlabel", "categories", "tag", "v1", "spam")
TEXTS = (
    "text",
    "review",
    "sentence",
    "message",
    "content",
    "body",
    "comment",
    "tweet",
    "document",
    "reviewtext",
    "sms",
)
TEXTS += ("reviewbody", "texts", "reviews", "sentences", "messages", "article", "post", "utterance", "query", "v2")
FEW_WORDS = 3  # a name, a date or a code has fewer
CLASSES_PER_ROW = 0.5  # more different values than this share of the rows are no classes


class Choice(NamedTuple):
    """The columns, and how those that nobody named were found."""

    columns: Columns
    reasons: list[str]


def choose(survey: Survey, request: Request) -> Choice:
    """Find text, pair and label among the columns.

    Raises:
        InputError: one cannot be told, is not there, or cannot be used; the line says how to name it.
    """
    by_name = {column.name: column for column in survey.columns}
    for variable in ("text", "pair", "label"):
        name = getattr(request, variable)
        if name and name not in by_name:
            raise InputError(f"{variable.upper()}: {name!r}: no such column; there: {listed(by_name)}")
    reasons = []
    label = request.label or _label(survey, request)
    if not request.label:
        _require_header(by_name[label], survey, request)
    _require_classes(by_name[label], survey)
    if not request.label:
        reasons.append(f"label {line_of(label)!r}: {_reason(label, LABELS)}")
    others = [column for column in survey.columns if column.name != label]
    text, pair = request.text, request.pair
    if not text:
        text, pair = _texts(others, request, survey.repeated_columns)
        reasons.append(f"text {line_of(text)!r}: {_reason(text, TEXTS)}")
        if pair and not request.pair:
            reasons.append(f"pair {line_of(pair)!r}: named as the other half of pairs")
    columns = {"text": text, "label": label, **({"pair": pair} if pair else {})}
    # Half of a pair that is left out has to be named: nobody should lose it unknowingly.
    unused = [column.name for column in others if is_half(column.name) and column.name not in (text, pair)]
    if len(set(columns.values())) < len(columns):
        raise InputError(f"TEXT, PAIR, LABEL: {listed(columns.values())}: allowed: each column once")
    for name in [*columns.values(), *unused]:
        if line_of(name) != name:
            raise InputError(f"column {line_of(name)}: allowed: a name on one line; rename it in the source")
    return Choice(Columns(**columns, unused=unused), reasons)


def _require_header(label: ColumnSurvey, survey: Survey, request: Request) -> None:
    """Raises InputError: the first line of a file looks like a row; as names of columns it would be lost."""
    if survey.has_csv and raw_value(label.name) in label.values:
        again = request.again(label=label.name)
        raise InputError(
            f"{line_of(request.data)}: its first line looks like a row: {line_of(label.name)!r} is a value of the "
            f"column that it names; put a line of names before it, such as text,label; or, if it is a name: {again}"
        )


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())


def _reason(name: str, known: tuple[str, ...]) -> str:
    plain = _plain(name)
    return (
        "by its name"
        if {plain, plain.removesuffix("text"), plain.removesuffix("name")} & set(known)
        else "the only column that it can be"
    )


def _label(survey: Survey, request: Request) -> str:
    """The column of classes: a ClassLabel, else by its name, else the only one with few short values."""
    named = [column for column in survey.columns if column.class_names]
    if len(named) == 1:
        return named[0].name
    known = [column for column in survey.columns if _plain(column.name) in LABELS]
    exact = [column for column in known if _plain(column.name) in LABELS[:2]]
    for candidates in (exact, known):
        if len(candidates) == 1:
            return _with_names(candidates[0], survey).name
    candidates = known or named or [column for column in survey.columns if _could_be_label(column, survey)]
    if len(candidates) == 1:
        return candidates[0].name
    if candidates:
        names = [column.name for column in candidates]
        raise InputError(f"LABEL: {listed(names)} could each be it; name one: {request.again(label=names[0])}")
    there = [column.name for column in survey.columns]
    raise InputError(
        f"LABEL: none of {listed(there)} looks like classes (2 to {MAXIMUM_CLASSES} values, each in several rows); "
        f"name the column: {request.again(label=there[-1] if there else 'label')}"
    )


def _with_names(label: ColumnSurvey, survey: Survey) -> ColumnSurvey:
    """Beside a column of ids, the one with the names of the same classes: ``label_text`` of ``label``."""
    if label.kind != "whole numbers":
        return label
    for column in survey.columns:
        is_named_so = _plain(column.name) in (f"{_plain(label.name)}text", f"{_plain(label.name)}name")
        if is_named_so and sorted(column.values.values()) == sorted(label.values.values()) and column.values:
            return column
    return label


def _could_be_label(column: ColumnSurvey, survey: Survey) -> bool:
    rows = sum(count for split, count in column.rows.items() if split != "unsupervised")
    is_kind = column.kind in ("text", "whole numbers", "true or false")
    is_named_so = _plain(column.name) not in TEXTS and not is_half(column.name)
    has_classes = 2 <= column.distinct <= min(MAXIMUM_CLASSES, CLASSES_PER_ROW * rows) and bool(column.values)
    return is_kind and is_named_so and has_classes and column.words_median <= FEW_WORDS


def _require_classes(column: ColumnSurvey, survey: Survey) -> None:
    """Raises InputError: what the column holds is no class."""
    shown = f"label column {line_of(column.name)!r}"
    if not column.rows.get("train"):
        raise InputError(f"{shown}: no value in the train split; required: a label for every row")
    if column.kind == "lists":
        raise InputError(f"{shown}: lists; several labels a row (multi-label) are not supported, one class a row is")
    if column.kind == "fractions":
        raise InputError(f"{shown}: numbers with fractions; regression is not supported, only classes are")
    if column.distinct > MAXIMUM_CLASSES:
        raise InputError(
            f"{shown}: {column.distinct} different values; allowed: at most {MAXIMUM_CLASSES} classes "
            "(numbers and free text are no classes)"
        )
    if column.distinct < 2:
        only = listed(column.values)
        raise InputError(f"{shown}: one class, {only}, in all rows; required: two at least")


def _texts(columns: list[ColumnSurvey], request: Request, repeated: list[str]) -> tuple[str, str]:
    """The column of texts and, in data of pairs, the second; an empty name for none."""
    texts = [column for column in columns if column.kind == "text" and column.rows.get("train")]
    if request.pair:
        texts = [column for column in texts if column.name != request.pair]
    halves = [column.name for column in texts if is_half(column.name)]
    exact = [column.name for column in texts if _plain(column.name) == TEXTS[0]]
    if not request.pair and len(halves) == 2:
        return halves[0], halves[1]
    if not request.pair and len(halves) == 1 and len(exact) == 1 and _plain(halves[0]) == "textpair":
        return exact[0], halves[0]
    if len(exact) == 1 and not halves:
        return exact[0], request.pair
    likely = _likely(texts)
    if len(likely) == 1:
        return likely[0].name, request.pair
    names = [column.name for column in likely]
    if not names:
        there = listed(column.name for column in columns)
        twice = f"; more than once: {listed(repeated)}: rename one" if repeated else ""
        raise InputError(f"TEXT: no column of texts; there: {there or 'none but the label'}{twice}")
    one, two = request.again(text=names[0]), request.again(text=names[0], pair=names[1])
    raise InputError(f"TEXT: {listed(names)} could each be it; name one: {one}, or two of a pair: {two}")


def _likely(texts: list[ColumnSurvey]) -> list[ColumnSurvey]:
    """Without names, dates and codes beside texts of several words; a name tells where all are as short."""
    long = [column for column in texts if column.words_median >= FEW_WORDS]
    likely = long or texts
    named = [column for column in likely if _plain(column.name) in TEXTS]
    if len(named) == 1 and not long:
        return named
    longest = max((column.words_median for column in likely), default=0)
    if len(named) == 1 and named[0].words_median == longest:
        rest = [column for column in likely if column is not named[0] and 2 * column.words_median > longest]
        return named if not rest else likely
    return likely
