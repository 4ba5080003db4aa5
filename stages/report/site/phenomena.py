"""What is in a text that may make it hard: constructions of the generated corpus, which its grammar knows; length."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from stages.data.card import Card
from stages.data.grammar import Grammar, load_grammar

SLOT = re.compile(r"\{(\w+)\}")


class Phenomenon(NamedTuple):
    """``has``: of each test text, whether it is there: booleans (texts,)."""

    name: str
    has: np.ndarray


def phenomena(card: Card, test: pd.DataFrame) -> list[Phenomenon]:
    """Those of which some texts are and some are not."""
    texts = test["text"].tolist()
    lengths = np.array([len(text.split()) for text in texts])
    found = [Phenomenon("longer than the median text", lengths > np.median(lengths))]
    if card.source == "generated":
        patterns = constructions(load_grammar())
        found += [Phenomenon(name, _matches(texts, pattern)) for name, pattern in patterns.items()]
    return [phenomenon for phenomenon in found if 0 < phenomenon.has.sum() < len(texts)]


def constructions(grammar: Grammar) -> dict[str, re.Pattern[str]]:
    """What the rule of the generated corpus turns on, as patterns of lower-case sentences."""
    turned = [clause.text for clause in grammar.clauses if clause.flips]
    signs = [domain.signs or grammar.signs for domain in grammar.domains.values()]
    return {
        "an opinion shared": _any(re.escape(text.lower()) for of in signs for text in of.agree),
        "an opinion not shared": _any(re.escape(text.lower()) for of in signs for text in of.differ),
        "a contrast": _any(_as_pattern(template, grammar) for template in grammar.contrasts),
        "a negation": _any(_as_pattern(text, grammar) for text in turned),
        "an intensifier": _any(re.escape(word) for word in grammar.intensifiers),
    }


def _any(patterns) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?:\b{pattern}\b)" for pattern in patterns))


def _as_pattern(template: str, grammar: Grammar) -> str:
    """A template with its slots open, but for those whose few words are the point of it."""
    pattern = ""
    for index, part in enumerate(SLOT.split(template)):
        is_slot = index % 2 == 1  # split puts what the group matched between the rest
        if not is_slot:
            pattern += re.escape(part)
        elif part == "negator":
            pattern += f"(?:{'|'.join(map(re.escape, grammar.negators))})"
        else:
            pattern += r"[\w' -]+"
    return pattern


def _matches(texts: list[str], pattern: re.Pattern[str]) -> np.ndarray:
    return np.array([bool(pattern.search(text.lower())) for text in texts])
