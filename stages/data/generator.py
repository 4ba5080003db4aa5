"""The default corpus: English reviews written by the grammar in ``grammar.yaml``.

A review goes through some aspects of its subject in clauses that are positive or negative. Many quote another's
opinion and end in a sign of whether the writer shares it: one who does not says the opposite of the words. The label
is a rule: what most clauses say, turned round by such a sign. A sum over words or pairs of words cannot follow it. A
fixed share of the labels is then flipped, so the best attainable accuracy is known exactly: one minus that share.

Film reviews are what the study classifies. The unsupervised split holds unrated film reviews (label -1)
and rated reviews of neighbouring product domains, on which an encoder can learn what a rating is, and that a sign may
turn words round, without seeing a single labelled film review. The signs of films are of their own: which of them turn
words round is in no rating of the neighbours.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from stages.core.errors import InputError
from stages.data.grammar import GRAMMAR, Domain, Grammar, Polar, Sign, load_grammar
from stages.data.settings import GeneratedData

if TYPE_CHECKING:
    from datasets import DatasetDict

UNRATED = -1
ATTEMPTS = 200  # drafts of one review: about three are needed, so reaching this means the grammar is exhausted


def generate(settings: GeneratedData) -> "DatasetDict":
    """Write the corpus.

    Returns:
        Splits train, validation, test (film reviews, labels 0 and 1, as many of each as an even count
        allows) and unsupervised (labels -1, 0, 1), columns ``text`` (str) and ``label`` (int64). No text occurs twice,
        and the same settings give the same bytes anywhere.

    Raises:
        InputError: the grammar cannot write that many different reviews.
    """
    from datasets import Dataset, DatasetDict, Features, Value

    grammar = load_grammar()
    features = Features({"text": Value("string"), "label": Value("int64")})
    seen: set[str] = set()
    splits = DatasetDict()
    for index, name in enumerate(("train", "validation", "test", "unsupervised")):
        writer = Writer(grammar, np.random.default_rng([settings.seed, index]), seen)
        if name == "unsupervised":
            rows = _unsupervised(writer, settings.unsupervised)
        else:
            rows = _labelled(writer, getattr(settings, name), settings.label_noise)
        columns = {"text": [text for text, _ in rows], "label": [label for _, label in rows]}
        splits[name] = Dataset.from_dict(columns, features=features)
    return splits


def _labelled(writer: "Writer", count: int, noise: float) -> list[tuple[str, int]]:
    """Film reviews, with exactly the share ``noise`` of each class's labels flipped."""
    film = next(iter(writer.grammar.domains))
    rows = []
    for label in (0, 1):
        size = (count + label) // 2
        flipped = round(size * noise)
        for i in range(size):
            text = writer.review(film, label)
            rows.append((text, 1 - label if i < flipped else label))
    return [rows[i] for i in writer.rng.permutation(count)]


def _unsupervised(writer: "Writer", count: int) -> list[tuple[str, int]]:
    """Rated reviews of the neighbouring domains in turn, then unrated film reviews, shuffled."""
    film, *neighbours = writer.grammar.domains
    rated = round(count * writer.grammar.proportions.rated)
    rows = []
    for i in range(count):
        label = i % 2
        if i < rated:
            domain = neighbours[i // 2 % len(neighbours)]  # both labels, then the next domain
            rows.append((writer.review(domain, label), label))
        else:
            rows.append((writer.review(film, label), UNRATED))
    return [rows[i] for i in writer.rng.permutation(count)]


class Writer:
    """Writes reviews that no other review of the corpus repeats."""

    def __init__(self, grammar: Grammar, rng: np.random.Generator, seen: set[str]):
        self.grammar = grammar
        self.rng = rng
        self.seen = seen

    def review(self, domain: str, label: int) -> str:
        """A new review of ``domain`` whose rule gives ``label`` (0 or 1).

        Raises:
            InputError: no such review turned up in ``ATTEMPTS`` drafts.
        """
        sign = 1 if label else -1
        for _ in range(ATTEMPTS):
            draft = Draft(self.grammar, self.grammar.domains[domain], self.rng)
            text = draft.write(sign)
            if draft.score * sign > 0 and text not in self.seen:
                self.seen.add(text)
                return text
        raise InputError(f"{GRAMMAR.name}: no new review of {domain!r} in {ATTEMPTS} drafts; ask for fewer rows")


class Draft:
    """One attempt at a review. ``score`` is what its writer thinks: the sum of its clauses, turned by the sign."""

    def __init__(self, grammar: Grammar, domain: Domain, rng: np.random.Generator):
        self.grammar = grammar
        self.domain = domain
        self.rng = rng
        self.score = 0
        aspects = [(word, "was") for word in domain.singular]
        aspects += [(word, "were") for word in domain.plural]
        # An aspect or a filler occurs once in a review: they are drawn by taking them from a shuffled pile.
        self.aspects = [aspects[i] for i in rng.permutation(len(aspects))]
        self.fillers = [domain.fillers[i] for i in rng.permutation(len(domain.fillers))]

    def write(self, sign: Sign) -> str:
        """The text of a review that leans towards ``sign``; the rule is not enforced here."""
        share = self.grammar.proportions
        is_quoted = self._chance(share.quoted)
        differs = is_quoted and self._chance(share.differing)
        said: Sign = -sign if differs else sign
        clauses = self._clauses(said)
        self.score = sum(of for _, of in clauses) * (-1 if differs else 1)
        sentences = [self._fill(self._pick(self.grammar.quotations if is_quoted else self.domain.openings))]
        while clauses:
            if self._chance(share.filler):
                sentences.append(self._fill(self.fillers.pop()))
            sentences.append(self._sentence(clauses))
        if is_quoted:
            signs = self.domain.signs or self.grammar.signs
            sentences.append(self._pick(signs.differ if differs else signs.agree))
        return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)

    def _clauses(self, said: Sign) -> list[tuple[str, Sign]]:
        """Clauses of a text that says ``said`` as a whole, each with its own polarity."""
        bounds = self.grammar.clauses_a_review
        clauses = []
        for _ in range(self.rng.integers(bounds.fewest, bounds.most + 1)):
            sign = said if self._chance(self.grammar.proportions.agreement) else -said
            template = self._pick(self.grammar.clauses)
            clauses.append((self._fill(template.text, -sign if template.flips else sign), sign))
        return clauses

    def _sentence(self, clauses: list[tuple[str, Sign]]) -> str:
        """The last of ``clauses``, or the last two, taken from there."""
        first, sign = clauses.pop()
        if not clauses or not self._chance(self.grammar.proportions.joined):
            return first
        second, other = clauses.pop()
        forms = self.grammar.pairs if sign == other else self.grammar.contrasts
        return self._pick(forms).format(first=first, second=second)

    def _fill(self, text: str, sign: Sign = 1) -> str:
        """Replace the slots of a template; ``sign`` is that of its polar words."""
        values = {}
        if "{aspect}" in text:
            values["aspect"], values["be"] = self.aspects.pop()
        for slot in re.findall(r"{(\w+)}", text):
            if slot not in values:
                values[slot] = self._word(slot, sign)
        return text.format_map(values)

    def _word(self, slot: str, sign: Sign) -> str:
        grammar = self.grammar
        plural = f"{slot}s"  # lists are named in the plural
        if plural in Polar.model_fields:
            is_own = self._chance(grammar.proportions.own_words)
            lexicon = self.domain if is_own else grammar.shared
            return self._pick_zipf(lexicon.words(sign, plural))
        if slot == "item":
            return self._pick(self.domain.items)
        if plural in Grammar.model_fields:  # intensifiers, negators
            return self._pick(getattr(grammar, plural))
        return self._pick((self.domain.slots | grammar.slots)[slot])

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _pick(self, values: Sequence):
        return values[self.rng.integers(len(values))]

    def _pick_zipf(self, words: Sequence[str]) -> str:
        cumulative = _zipf(len(words), self.grammar.proportions.zipf)
        return words[bisect(cumulative, self.rng.random() * cumulative[-1])]


@cache
def _zipf(size: int, exponent: float) -> list[float]:
    """Running sums of ``rank ** -exponent``."""
    return list(accumulate((rank + 1) ** -exponent for rank in range(size)))
