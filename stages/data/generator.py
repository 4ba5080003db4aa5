"""The default corpus: English reviews written by the grammar in ``grammar.yaml``.

A review opens with a neutral sentence and goes through some aspects of its subject in clauses that are
positive or negative. Its label is a rule: the sign of the weighted sum of its clauses, in which the main
clause of a contrast outweighs the concession. A fixed share of the labels is then flipped, so the best
attainable accuracy is known exactly: one minus that share.

Film reviews are what the study classifies. The unsupervised split holds unrated film reviews (label -1)
and rated reviews of neighbouring product domains, on which an encoder can learn what a rating is
without seeing a single labelled film review.
"""

import re
from bisect import bisect
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from stages.core.errors import InputError
from stages.data.grammar import GRAMMAR, Domain, Grammar, Polar, Sign, Template, load_grammar
from stages.data.settings import GeneratedData

if TYPE_CHECKING:
    from datasets import DatasetDict

UNRATED = -1
ATTEMPTS = 200  # drafts of one review: about three are needed, so reaching this means the grammar is exhausted
CONCESSION_WEIGHT = 1
MAIN_WEIGHT = 3


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
            if draft.score * sign >= self.grammar.margin and text not in self.seen:
                self.seen.add(text)
                return text
        raise InputError(f"{GRAMMAR.name}: no new review of {domain!r} in {ATTEMPTS} drafts; ask for fewer rows")


class Draft:
    """One attempt at a review. ``score`` is the weighted sum of its clauses."""

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
        bounds = self.grammar.sentences
        sentences = [self._fill(self._pick(self.domain.openings))]
        for _ in range(self.rng.integers(bounds.fewest, bounds.most + 1)):
            if self._chance(share.filler):
                sentences.append(self._fill(self.fillers.pop()))
            agrees = self._chance(share.agreement)
            sentences.append(self._sentence(sign if agrees else -sign))
        if self._chance(share.verdict):
            sentences.append(self._clause(self.grammar.verdicts, sign))
        return " ".join(f"{sentence[0].upper()}{sentence[1:]}." for sentence in sentences)

    def _sentence(self, sign: Sign) -> str:
        share = self.grammar.proportions
        turn = self.rng.random()
        if turn < share.contrast:
            main = self._clause(self.grammar.clauses, sign, MAIN_WEIGHT)
            concession = self._clause(self.grammar.clauses, -sign, CONCESSION_WEIGHT)
            return self._pick(self.grammar.contrasts).format(main=main, concession=concession)
        first = self._clause(self.grammar.clauses, sign)
        if turn < share.contrast + share.pair:
            second = self._clause(self.grammar.clauses, sign)
            return self._pick(self.grammar.pairs).format(first=first, second=second)
        return first

    def _clause(self, templates: Sequence[Template], sign: Sign, weight: int | None = None) -> str:
        """A clause that says ``sign`` of a new aspect, counted with ``weight`` (default: its template's)."""
        template = self._pick(templates)
        self.score += sign * (weight or template.weight)
        return self._fill(template.text, -sign if template.flips else sign)

    def _fill(self, text: str, sign: Sign = 1) -> str:
        """Replace the slots of a template; ``sign`` is that of its polar words."""
        values = {"a": "{a}"}  # an article waits for the word after it
        if "{aspect}" in text:
            values["aspect"], values["be"] = self.aspects.pop()
        for slot in re.findall(r"{(\w+)}", text):
            if slot not in values:
                values[slot] = self._word(slot, sign)
        return self._articles(text.format_map(values))

    def _word(self, slot: str, sign: Sign) -> str:
        grammar = self.grammar
        plural = f"{slot}s"  # lists are named in the plural
        if plural in Polar.model_fields:
            is_own = self._chance(grammar.proportions.own_words)
            lexicon = self.domain if is_own else grammar.shared
            return self._pick_zipf(lexicon.words(sign, plural))
        if slot == "item":
            return self._pick(self.domain.items)
        if plural in Grammar.model_fields:  # intensifiers, downtoners, negators, adverbs
            return self._pick(getattr(grammar, plural))
        return self._pick((self.domain.slots | grammar.slots)[slot])

    def _articles(self, text: str) -> str:
        def article(match: re.Match) -> str:
            word = match[1]
            sounds_vowel = word[0] in "aeiou" and word not in self.grammar.a_before
            if sounds_vowel or word in self.grammar.an_before:
                return f"an {word}"
            return f"a {word}"

        return re.sub(r"{a} ([\w-]+)", article, text)

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
