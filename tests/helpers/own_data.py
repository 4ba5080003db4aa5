"""Data sets as people have them: small, of every kind that the README promises, written into the current folder."""

import csv
import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value

URL = "https://example.org/archive/2024/11/report?page=12&id=0123456789abcdef&sort=ascending"
LONG_NAME = "answers-of-all-customers-to-the-question-what-they-would-change-collected-in-spring-and-autumn"
CHINESE = {"好": "很好喜欢推荐满意", "差": "糟糕失望退款难看"}
ARABIC = {"جيد": "رائع جميل ممتاز لذيذ سريع", "سيئ": "سيئ بطيء قبيح بارد ممل"}
RUSSIAN = {"хорошо": "отлично быстро вкусно красиво удобно", "плохо": "ужасно медленно скучно дорого грязно"}
WORDS = {
    "World": "minister election treaty border embassy summit",
    "Sports": "match goal league coach season trophy",
    "Business": "shares market profit merger bank investors",
    "Sci/Tech": "software chip orbit laboratory genome telescope",
}
EMOTIONS = {
    "sadness": "cried lonely grey empty tears",
    "joy": "laughed sunny dancing bright cheerful",
    "love": "adore darling tender kiss hug",
    "anger": "furious shouted slammed rage unfair",
    "fear": "trembled dark shadows scared hiding",
    "surprise": "suddenly astonished unexpected gasp wow",
}
FILLER = "the a of and then we it was today again there one some after before with"


class OwnData(NamedTuple):
    """A source as ``make new`` is given it, what the paper must name, and what it must not say."""

    write: Callable[[], Path]
    classes: list[str]
    shown: list[str] | None = None  # class names that the report's fonts have; None: all


def texts(words: dict[str, str], rows: int, seed: int = 7, filler: str = FILLER) -> list[tuple[str, str]]:
    """Pairs (text, class), classes in turn; words of the class among others, no text twice."""
    draw, seen, made = random.Random(seed), set(), []
    names = list(words)
    while len(made) < rows:
        name = names[len(made) % len(names)]
        of_class = draw.choices(words[name].split(), k=draw.randint(2, 4))
        text = of_class + draw.choices(filler.split(), k=draw.randint(4, 9))
        draw.shuffle(text)
        if (line := " ".join(text)) not in seen:
            seen.add(line)
            made.append((line, name))
    return made


def news() -> Path:
    """Four classes as strings, other column names, a column that means nothing here."""
    folder = Path("news")
    folder.mkdir()
    for split, rows, seed in (("train", 160, 1), ("test", 60, 2)):
        frame = pd.DataFrame(texts(WORDS, rows, seed), columns=["headline", "category"])
        frame.assign(number=range(rows)).to_csv(folder / f"{split}.csv", index=False)
    return folder


def emotions() -> Path:
    folder = Path("emotions")
    folder.mkdir()
    for split, rows, seed in (("train", 180, 1), ("validation", 60, 2), ("test", 60, 3)):
        lines = [json.dumps({"text": text, "label": name}) for text, name in texts(EMOTIONS, rows, seed)]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def inferences() -> Path:
    """Pairs, tab-separated, as NLI data are distributed."""
    folder = Path("inferences")
    folder.mkdir()
    sign = {"entailment": "indeed", "neutral": "perhaps", "contradiction": "never"}
    for split, rows, seed in (("train", 150, 1), ("dev", 45, 2), ("test", 60, 3)):
        made = []
        for premise, name in texts(dict.fromkeys(sign, " ".join(WORDS.values())), rows, seed):
            made.append({"premise": premise, "hypothesis": f"{sign[name]} {premise[:20]}", "gold_label": name})
        pd.DataFrame(made).to_csv(folder / f"{split}.tsv", sep="\t", index=False)
    return folder


def tickets() -> Path:
    """Semicolons, Latin-1, one file."""
    words = {"Störung": "kaputt ausgefallen rückmeldung fehler", "Anfrage": "wann öffnungszeit preis größe"}
    frame = pd.DataFrame(texts(words, 160), columns=["Beschreibung", "Kategorie"])
    frame.to_csv("tickets.csv", sep=";", index=False, encoding="latin-1")
    return Path("tickets.csv")


def quotes() -> Path:
    """Tabs, quotation marks that quote nothing, no quoting at all."""
    lines = ["sentence\tlabel"]
    for index, (text, name) in enumerate(texts({"low": "short cheap small", "high": "tall dear large"}, 160)):
        lines.append(f'{text} 5" {"" if index % 3 else chr(34)}wide\t{name}')
    Path("quotes.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path("quotes.tsv")


def packed() -> Path:
    frame = pd.DataFrame(
        texts({"no": "wrong false denied", "yes": "right true granted"}, 160), columns=["text", "label"]
    )
    with gzip.open("answers.csv.gz", "wt", encoding="utf-8", newline="") as stream:
        frame.to_csv(stream, index=False)
    return Path("answers.csv.gz")


def with_names(words: dict[str, str], rows: int, seed: int) -> Dataset:
    made = texts(words, rows, seed)
    features = Features({"text": Value("string"), "label": ClassLabel(names=list(words))})
    ids = [list(words).index(name) for _, name in made]
    return Dataset.from_dict({"text": [text for text, _ in made], "label": ids}, features=features)


SPAM = {"spam": "winner prize free claim", "ham": "dinner tomorrow bus mother"}


def saved() -> Path:
    splits = {split: with_names(SPAM, rows, seed) for split, rows, seed in (("train", 140, 1), ("test", 60, 2))}
    DatasetDict(splits).save_to_disk("saved")
    return Path("saved")


def like_a_hub() -> Path:
    """Parquet in ``data/`` and a README whose head has licence and class names."""
    folder = Path("like-a-hub")
    (folder / "data").mkdir(parents=True)
    for split, rows, seed in (("train", 140, 1), ("test", 60, 2)):
        table = with_names(SPAM, rows, seed)
        plain = table.cast(Features({"text": Value("string"), "label": Value("int64")}))
        plain.to_parquet(folder / f"data/{split}-00000-of-00001.parquet")
    (folder / "README.md").write_text(
        "---\nlicense: cc-by-4.0\nlanguage: en\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n"
        "  - name: label\n    dtype:\n      class_label:\n        names:\n          '0': spam\n          '1': ham\n"
        "  splits:\n  - name: train\n  - name: test\n---\n# Messages\n",
        encoding="utf-8",
    )
    return folder


def only_train() -> Path:
    Path("only").mkdir()
    frame = pd.DataFrame(texts(SPAM, 160), columns=["text", "label"])
    frame.to_csv("only/train.csv", index=False)
    return Path("only")


def unbalanced() -> Path:
    """Ninety-five of a hundred rows are of one class."""
    common = texts({"ham": SPAM["ham"]}, 285, seed=1)
    rare = texts({"spam": SPAM["spam"]}, 15, seed=2)
    rows = common + rare
    random.Random(3).shuffle(rows)
    pd.DataFrame(rows, columns=["text", "label"]).to_csv("unbalanced.csv", index=False)
    return Path("unbalanced.csv")


def twenty() -> Path:
    pd.DataFrame(texts(SPAM, 20), columns=["text", "label"]).to_csv("twenty.csv", index=False)
    return Path("twenty.csv")


def chinese() -> Path:
    """Words without spaces between them."""
    draw, rows = random.Random(5), {}
    while len(rows) < 160:
        name = list(CHINESE)[len(rows) % 2]
        rows["".join(draw.choices(CHINESE[name] + "今天我们店里买了东西", k=draw.randint(8, 16)))] = name
    pd.DataFrame(rows.items(), columns=["text", "label"]).to_csv("chinese.csv", index=False)
    return Path("chinese.csv")


def spaced(name: str, words: dict[str, str], filler: str) -> Path:
    pd.DataFrame(texts(words, 160, filler=filler), columns=["text", "label"]).to_csv(name, index=False)
    return Path(name)


def arabic() -> Path:
    return spaced("arabic.csv", ARABIC, "في هذا المكان كان الطعام اليوم مع")


def russian() -> Path:
    return spaced("russian.csv", RUSSIAN, "в этом месте была еда сегодня нам очень")


def emoji() -> Path:
    smileys = {"up": "😀 🎉 👍 great", "down": "😡 👎 💔 awful"}
    return spaced("emoji.csv", smileys, "the → ≥ № tea was today 🚆 there")


def links() -> Path:
    """The first text of each class is a long address."""
    rows = [(f"{URL} {index} {text}", name) for index, (text, name) in enumerate(texts(SPAM, 160))]
    rows[:2] = [(URL, rows[0][1]), (f"{URL}&copy=2", rows[1][1])]
    pd.DataFrame(rows, columns=["text", "label"]).to_csv("links.csv", index=False)
    return Path("links.csv")


def long_name() -> Path:
    folder = Path(LONG_NAME)
    folder.mkdir()
    for split, rows, seed in (("train", 140, 1), ("test", 60, 2)):
        pd.DataFrame(texts(SPAM, rows, seed), columns=["text", "label"]).to_csv(
            folder / f"{split}.csv", index=False, quoting=csv.QUOTE_ALL
        )
    return folder


KINDS = {
    "news": OwnData(news, list(WORDS)),
    "emotions": OwnData(emotions, list(EMOTIONS)),
    "inferences": OwnData(inferences, ["entailment", "neutral", "contradiction"]),
    "tickets": OwnData(tickets, ["Störung", "Anfrage"]),
    "quotes": OwnData(quotes, ["low", "high"]),
    "packed": OwnData(packed, ["no", "yes"]),
    "saved": OwnData(saved, ["spam", "ham"]),
    "like-a-hub": OwnData(like_a_hub, ["spam", "ham"]),
    "only": OwnData(only_train, ["spam", "ham"]),
    "unbalanced": OwnData(unbalanced, ["spam", "ham"]),
    "twenty": OwnData(twenty, ["spam", "ham"]),
    "chinese": OwnData(chinese, list(CHINESE), shown=[]),
    "arabic": OwnData(arabic, list(ARABIC), shown=[]),
    "russian": OwnData(russian, list(RUSSIAN), shown=[]),
    "emoji": OwnData(emoji, ["up", "down"]),
    "links": OwnData(links, ["spam", "ham"]),
    "long-name": OwnData(long_name, ["spam", "ham"]),
}
