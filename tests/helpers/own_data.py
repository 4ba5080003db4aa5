"""Small data sets as people have them, each written by its kind: what ``make new`` and a study are tried on."""

import csv
import gzip
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import datasets
import pandas as pd

WORDS = ["late", "early", "small", "large", "quiet", "loud", "old", "new", "red", "blue", "first", "last", "north"]
SPAM = {"ham": ["see", "you", "at", "home", "for", "lunch"], "spam": ["win", "free", "cash", "prize", "now", "call"]}
NEWS = {
    "World": ["minister", "talks", "border", "treaty"],
    "Sports": ["match", "goal", "coach", "season"],
    "Business": ["market", "shares", "profit", "bank"],
    "Sci/Tech": ["planet", "chip", "software", "probe"],
}
EMOTIONS = ("anger", "fear", "joy", "love", "sadness", "surprise")
SCRIPTS = {
    "chinese": ("好看喜欢精彩感动", "难看无聊失望糟糕"),
    "arabic": ("جميل رائع ممتاز مفيد", "سيئ ممل ضعيف رديء"),
    "russian": ("хорошо отлично прекрасно радость", "плохо скучно ужасно печаль"),
    "emoji": ("😀 🎉 👍 ❤️", "😡 👎 💔 😢"),
}
URL = "https://www.example.org/" + "a-long-path-without-a-break/" * 2 + "12345"
LONG_NAME = "a-folder-whose-name-is-as-long-as-the-names-that-people-give-to-exports-of-their-annotation-to"


def sentence(generator: random.Random, special: Sequence[str], number: int, length: int = 8) -> str:
    """Words of a class among others, and a number that makes it the only one of its kind."""
    words = [generator.choice(special if generator.random() < 0.5 else WORDS) for _ in range(length)]
    return " ".join([*words, f"no{number}"])


def rows_of(classes: dict[str, Sequence[str]], rows: int, share: float | None = None) -> list[tuple[str, str]]:
    """Texts and classes in turn; of two classes with a ``share``, the first has that share."""
    generator, names, made = random.Random(1), list(classes), []
    for number in range(rows):
        name = names[number % len(names)]
        if share is not None:
            name = names[0] if number % round(1 / (1 - share)) else names[1]
        made.append((sentence(generator, classes[name], number), name))
    return made


def four_classes(folder: Path) -> Path:
    """CSV with string labels and other column names."""
    rows = [(number, text, name) for number, (text, name) in enumerate(rows_of(NEWS, 160))]
    return _csv(folder / "news.csv", ["id", "headline", "topic"], rows)


def six_classes(folder: Path) -> Path:
    """JSON Lines with ids of classes."""
    special = {name: [name, f"{name}ful"] for name in EMOTIONS}
    rows = [{"text": text, "label": EMOTIONS.index(name)} for text, name in rows_of(special, 180)]
    path = folder / "emotions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def pairs(folder: Path) -> Path:
    """Premise, hypothesis and one of three classes; a train and a test file."""
    generator, relations = random.Random(2), ("contradiction", "entailment", "neutral")
    for split, rows in (("train", 150), ("test", 30)):
        made = []
        for number in range(rows):
            premise = sentence(generator, WORDS, 1000 * len(split) + number)
            relation = relations[number % 3]
            other = {
                "entailment": premise,
                "contradiction": f"not {premise}",
                "neutral": sentence(generator, WORDS, number),
            }
            made.append((premise, other[relation], relation))
        _csv(folder / "nli" / f"{split}.csv", ["premise", "hypothesis", "gold_label"], made)
    return folder / "nli"


def semicolons(folder: Path) -> Path:
    """CSV as a European office program writes it."""
    rows = [(name, text.replace("home", "café à côté")) for text, name in rows_of(SPAM, 120)]
    lines = ["Kategorie;Nachricht", *(f"{name};{text}" for name, text in rows)]
    path = folder / "sms.csv"
    path.write_bytes("\r\n".join([*lines, ""]).encode("latin-1"))
    return path


def stray_quotes(folder: Path) -> Path:
    """TSV whose texts have quotes that do not pair up."""
    lines = ["label\tsentence"]
    for number, (text, name) in enumerate(rows_of(SPAM, 120)):
        quoted = f'"{text} 5" wide' if number % 3 == 0 else text
        lines.append(f"{name}\t{quoted}")
    path = folder / "messages.tsv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def compressed(folder: Path) -> Path:
    """CSV in gzip."""
    plain = _csv(folder / "plain.csv", ["text", "label"], rows_of(SPAM, 120))
    path = folder / "mail.csv.gz"
    path.write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    return path


def saved_to_disk(folder: Path) -> Path:
    """What ``save_to_disk`` of a dictionary of splits leaves."""
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=list(SPAM))})
    splits = {}
    for split, (first, last) in {"train": (0, 100), "test": (100, 140)}.items():
        rows = rows_of(SPAM, 140)[first:last]
        columns = {"text": [text for text, _ in rows], "label": [list(SPAM).index(name) for _, name in rows]}
        splits[split] = datasets.Dataset.from_dict(columns, features=features)
    datasets.DatasetDict(splits).save_to_disk(folder / "saved")
    return folder / "saved"


def like_the_hub(folder: Path) -> Path:
    """A folder with its README's metadata, ids in Parquet."""
    place = folder / "tickets"
    (place / "data").mkdir(parents=True)
    for split, (first, last) in {"train": (0, 100), "test": (100, 140)}.items():
        rows = rows_of(SPAM, 140)[first:last]
        frame = pd.DataFrame({"text": [text for text, _ in rows], "label": [int(name == "spam") for _, name in rows]})
        frame.to_parquet(place / f"data/{split}-00000-of-00001.parquet", index=False)
    readme = """---
license: cc-by-4.0
language: en
dataset_info:
  features:
  - name: text
    dtype: string
  - name: label
    dtype:
      class_label:
        names:
          '0': question
          '1': complaint
---
# Tickets
"""
    (place / "README.md").write_text(readme, encoding="utf-8")
    return place


def only_train(folder: Path) -> Path:
    """A folder with nothing but a train file."""
    _csv(folder / "forum/train.csv", ["post", "category"], rows_of(NEWS, 160))
    return folder / "forum"


def unbalanced(folder: Path) -> Path:
    """95 of 100 rows are of one class."""
    return _csv(folder / "alarms.csv", ["message", "class"], rows_of(SPAM, 300, share=0.95))


def twenty_rows(folder: Path) -> Path:
    return _csv(folder / "few.csv", ["text", "label"], rows_of(SPAM, 20))


def script(name: str) -> Callable[[Path], Path]:
    """Texts in a script that the paper's fonts lack."""

    def write(folder: Path) -> Path:
        generator, rows = random.Random(3), []
        for number in range(120):
            special = SCRIPTS[name][number % 2]
            pieces = list(special) if name == "chinese" else special.split()
            joint = "" if name == "chinese" else " "
            rows.append((joint.join([*generator.choices(pieces, k=9), str(number)]), ("good", "bad")[number % 2]))
        return _csv(folder / f"{name}.csv", ["text", "label"], rows)

    return write


def long_url(folder: Path) -> Path:
    """The first text, which the paper would quote, is one word of 85 characters."""
    rows = rows_of(SPAM, 120)
    rows[:2] = [(URL, rows[0][1]), (URL + "6", rows[1][1])]
    return _csv(folder / "links.csv", ["text", "label"], rows)


def long_name(folder: Path) -> Path:
    """A folder whose name has 93 characters."""
    _csv(folder / LONG_NAME[:93] / "train.csv", ["text", "label"], rows_of(SPAM, 120))
    return folder / LONG_NAME[:93]


def _csv(path: Path, header: list[str], rows: Sequence[Sequence]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path


class Kind:
    """A data set, and what is to be found in it."""

    def __init__(self, write: Callable[[Path], Path], classes: Sequence[str], **columns: str) -> None:
        self.write, self.classes, self.columns = write, list(classes), {"text": "text", "label": "label"} | columns


KINDS = {
    "four classes": Kind(four_classes, sorted(NEWS), text="headline", label="topic"),
    "six classes": Kind(six_classes, "012345"),
    "pairs": Kind(
        pairs, ["contradiction", "entailment", "neutral"], text="premise", pair="hypothesis", label="gold_label"
    ),
    "semicolons": Kind(semicolons, SPAM, text="Nachricht", label="Kategorie"),
    "stray quotes": Kind(stray_quotes, SPAM, text="sentence"),
    "compressed": Kind(compressed, SPAM),
    "saved to disk": Kind(saved_to_disk, SPAM),
    "like the hub": Kind(like_the_hub, ["question", "complaint"]),
    "only train": Kind(only_train, sorted(NEWS), text="post", label="category"),
    "unbalanced": Kind(unbalanced, SPAM, text="message", label="class"),
    "twenty rows": Kind(twenty_rows, SPAM),
    **{name: Kind(script(name), ["bad", "good"]) for name in SCRIPTS},
    "long url": Kind(long_url, SPAM),
    "long name": Kind(long_name, SPAM),
}
