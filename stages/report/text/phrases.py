"""Words of the report's sentences: names, numbers, and phrases chosen by the results."""

from stages.analysis.runs import MemoryColumn, compared_memory
from stages.published.claims import UNDECIDED, Judged
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.numbers.ledger import Ledger
from stages.report.numbers.names import METHODS


class Phrases:
    """What the templates call: names, numbers, and words chosen by a number's sign as printed."""

    def __init__(self, results: Results, ledger: Ledger) -> None:
        self.results, self.ledger = results, ledger
        self.number, self.has = ledger.number, ledger.has

    def architecture(self, name: str) -> Latex:
        return escape(self.results.study.architectures[name].label)

    def configuration(self, name: str) -> Latex:
        return escape(self.results.study.configurations[name].label)

    def score(self, architecture: str, configuration: str) -> Latex:
        """Mean accuracy, with the sample deviation where there are several seeds."""
        key = f"{architecture}.{configuration}.accuracy"
        return (
            self.number(key)
            if not self.has(f"{key}_sd")
            else Latex(self.ledger.with_deviation(key, f"{key}_sd") + r"\%")
        )

    def gap(self, architecture: str, configuration: str, against: str) -> Latex:
        """``3.85 pp below``, ``0.31 pp above`` or ``level with``."""
        key = f"{architecture}.{configuration}.vs.{against}"
        if not self.has(f"{key}.difference"):
            return Latex("not comparable with")
        sign = self.sign(architecture, configuration, against)
        if not sign:
            return Latex("level with")
        return Latex(f"{self.number(f'{key}.distance')} {'above' if sign > 0 else 'below'}")

    def sign(self, architecture: str, configuration: str, against: str) -> int:
        """Of the difference as printed: one that rounds to zero is none, nor is there one where a side failed."""
        key = f"{architecture}.{configuration}.vs.{against}.difference"
        value = float(self.ledger.as_printed(key)) if self.has(key) else 0
        return (value > 0) - (value < 0)

    def higher(self, pair: tuple[str, str]) -> list[str]:
        """Architectures in which the second of a pair has the higher mean accuracy."""
        return [a for a in self.results.study.architectures if self.sign(a, pair[1], pair[0]) > 0]

    def lower(self, pair: tuple[str, str]) -> list[str]:
        return [a for a in self.results.study.architectures if self.sign(a, pair[1], pair[0]) < 0]

    def interval(self, architecture: str, configuration: str, against: str) -> Latex:
        """`` (-8.25 pp [-9.68, -6.80])``: the signed difference and its interval; nothing where it was not tested."""
        key = f"{architecture}.{configuration}.vs.{against}"
        if not self.has(f"{key}.low"):
            return Latex("")
        ends = f"[{self.ledger.numeral(f'{key}.low')}, {self.ledger.numeral(f'{key}.high')}]"
        return Latex(f" ({self.number(f'{key}.difference')} {ends})")

    def tells(self, architecture: str, first: str, second: str) -> str:
        """What the paired test says of two configurations of one architecture."""
        test = self.results.comparison(architecture, first, second)
        if test is None:
            return "was not made for"
        return "tells from zero" if test.verdict == "distinguishable" else "does not tell from zero"

    def span_below_gap(self, architecture: str) -> bool:
        """Whether the adapters differ among themselves by less than the best of them differs from full fine-tuning."""
        full, adapters = self.results.study.reference, self.results.base_rate_adapters
        scores = [self.results.mean(architecture, name) for name in self.results.completed(architecture, adapters)]
        return max(scores) - min(scores) < abs(self.results.mean(architecture, full) - max(scores))

    def range(self, key: str) -> Latex:
        """``0.82 to 1.31``, the least and the greatest; one number where they print alike."""
        ends = [f"{key}_least", f"{key}_most"]
        if self.ledger.as_printed(ends[0]) == self.ledger.as_printed(ends[1]):
            return self.number(ends[0])
        return Latex(" to ".join(self.number(end) for end in ends))

    def bought(self, key: str, what: str) -> str:
        """Whether adapters save or cost more of something than full fine-tuning, by ratios as printed."""
        least, most = (float(self.ledger.as_printed(f"{key}_{end}")) for end in ("least", "most"))
        if most < 1:
            return f"every adapter saves {what} here"
        if least > 1:
            return f"no adapter saves {what} here"
        if least < 1 < most:
            return f"some adapters save {what} here and others take more"
        return f"{'no adapter takes more' if most == 1 else 'no adapter takes less'} {what} here"

    def failed(self) -> Latex:
        """Each failed run with the kind of its failure."""
        runs = [
            (
                f"{self.configuration(run.configuration)} on {self.architecture(run.architecture)}, seed "
                f"{self.number(f'failed.{index}.seed')} ({escape(run.kind)})"
            )
            for index, run in enumerate(self.results.failed.itertuples())
        ]
        return Latex("; ".join(runs))

    def none(self, key: str) -> bool:
        return self.ledger.as_printed(key) == "0"

    def one(self, key: str) -> bool:
        return self.ledger.as_printed(key) == "1"

    def equal(self, key: str, other: str) -> bool:
        return self.ledger.as_printed(key) == self.ledger.as_printed(other)

    def no_saving(self, found: list[tuple[str, str]]) -> bool:
        """Whether the second of each pair takes no less memory than the first, on every architecture."""
        ratios = [
            float(self.ledger.as_printed(f"{a}.{second}.vs.{first}.memory_ratio"))
            for first, second in found
            for a in self.results.study.architectures
            if self.has(f"{a}.{second}.vs.{first}.memory_ratio")
        ]
        return bool(ratios) and min(ratios) >= 1

    def value(self, key: str) -> float:
        return float(self.ledger.entries[key].value)

    def larger_gain(self, pair: tuple[str, str], other: tuple[str, str]) -> list[str]:
        """Architectures in which the step of ``pair`` gains more mean accuracy, as printed, than that of ``other``."""

        def gain(architecture: str, step: tuple[str, str]) -> float:
            return float(self.ledger.as_printed(f"{architecture}.{step[1]}.vs.{step[0]}.difference"))

        return [a for a in self.results.study.architectures if gain(a, pair) > gain(a, other)]

    def rates_raise(self, found: list[tuple[str, str]]) -> bool:
        """Whether every adapter that was run at both rates gains from the higher one on every architecture."""
        own = self.results.study
        steps = [pair for pair in found if own.configurations[pair[0]].method != "full"]
        raised = all(len(self.higher(pair)) == len(own.architectures) for pair in steps)
        return bool(steps) and own.lr < own.lr_probe and raised

    def alpha_fixed(self, found: list[tuple[str, str]]) -> bool:
        own = self.results.runs.drop_duplicates("configuration").set_index("configuration")["alpha"]
        return all(own[first] == own[second] for first, second in found)

    @property
    def balanced(self) -> bool:
        """Whether neither class of the test split has more than three in five texts."""
        balance = self.results.card.splits["test"].balance
        return balance is not None and 0.4 <= balance <= 0.6

    def topics(self, world: str, verdict: str) -> list[str]:
        """The claims of which the ``published`` figures, or our records (``reproduced``), say ``verdict``."""
        return [claim.topic for claim in self.results.claims.claims if getattr(claim, world).observation == verdict]

    @property
    def agreeing(self) -> list[str]:
        """Claims that the printed figures and the records of this build decide, and in the same way."""
        return [claim.topic for claim in self._decided() if claim.published.observation == claim.reproduced.observation]

    @property
    def disagreeing(self) -> list[str]:
        return [claim.topic for claim in self._decided() if claim.published.observation != claim.reproduced.observation]

    def _decided(self) -> list[Judged]:
        return [
            claim
            for claim in self.results.claims.claims
            if UNDECIDED not in (claim.published.observation, claim.reproduced.observation)
        ]

    def gaps(self, world: str) -> str:
        """Why comparisons of the claims have no figure, each reason once."""
        parts = [
            self._labelled(part)
            for claim in self.results.claims.claims
            for part in getattr(claim, world).observation_reason.split("; ")
            if getattr(claim, world).observation == UNDECIDED and "{" not in part
        ]
        return "; ".join(dict.fromkeys(parts))

    def _labelled(self, reason: str) -> str:
        """A reason that begins with a cell, ``deberta ia3: ...``, with the cell's labels."""
        known = self.results.study.labels
        cell, colon, rest = reason.partition(":")
        own, _, names = cell.partition(" ")
        if not colon or own not in known:
            return reason
        labels = [known.get(name, name) for name in names.split(" against ")]
        return f"{known[own]}, {' against '.join(labels)}:{rest}"

    def test(self, world: str) -> str:
        """How claims were tested, in words."""
        return getattr(self.results.claims.claims[0], world).test

    def machine(self, column: str) -> list[Latex]:
        """Distinct processors, platforms or devices of the runs."""
        count = len(self.settings(column))
        return [self.number(f"machine.{column}.{index}") for index in range(count)]

    def distinguishable(self, pair: tuple[str, str]) -> list[str]:
        """Architectures in which the paired test tells the two apart, after Holm's correction."""
        tests = {a: self.results.comparison(a, *pair) for a in self.results.study.architectures}
        return [a for a, test in tests.items() if test is not None and test.verdict == "distinguishable"]

    def tested(self, pair: tuple[str, str]) -> Latex:
        """The end of a sentence: which of a pair's differences a paired test tells from zero."""
        clear, everywhere = self.distinguishable(pair), list(self.results.study.architectures)
        if not clear:
            subject = "it is not" if len(everywhere) == 1 else "none is"
        elif len(everywhere) == 1:
            subject = "it is"
        elif clear == everywhere:
            subject = "all are"
        else:
            which, verb = ("that", "is") if len(clear) == 1 else ("those", "are")
            subject = f"{which} on {listing(self.names(clear))} {verb}"
        return Latex(f"{subject} distinguishable from zero.")

    def names(self, architectures: list[str]) -> list[Latex]:
        return [self.architecture(name) for name in architectures]

    def labels(self, configurations: list[str]) -> list[Latex]:
        return [self.configuration(name) for name in configurations]

    def method_names(self, methods: list[str]) -> list[Latex]:
        return [Latex(METHODS[method]) for method in methods]

    def settings(self, column: str) -> list[str]:
        """Distinct values of a column of the runs, as text."""
        return [str(value) for value in self.results.runs[column].dropna().unique()]

    def methods_where(self, column: str, value: object) -> list[str]:
        """Methods of which some run has ``value`` in ``column``."""
        runs = self.results.runs
        found = set(runs.loc[runs[column] == value, "method"])
        return [method for method in METHODS if method in found]

    def adapts(self, module: str) -> bool:
        """Whether some adapter of the grid targets modules of this name."""
        targets = self.results.runs["target_modules"].dropna()
        return any(module in names.split() for names in targets)

    @property
    def fair(self) -> bool:
        """Whether the protocol treats methods alike in all that it can."""
        wanted = {"selection_split": "validation", "head_policy": "new-modules", "gradient_checkpointing": "False"}
        return all(self.settings(column) == [value] for column, value in wanted.items())

    @property
    def sound(self) -> bool:
        """Whether no run trained a parameter in vain or left a new one untrained."""
        return not self.results.runs[["new_but_frozen_parameters", "trainable_but_dead_parameters"]].any(axis=None)

    @property
    def threads(self) -> str:
        return "thread" if self.results.runs["threads"].max() == 1 else "threads"

    @property
    def several_at_once(self) -> bool:
        return bool((self.results.runs["runs_at_once"] > 1).any())

    @property
    def memory(self) -> MemoryColumn:
        return compared_memory(self.results.runs)
