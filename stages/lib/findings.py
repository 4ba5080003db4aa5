"""Decisions that the report's sentences turn on, each read off the results."""

from dataclasses import dataclass, field

from stages.lib.entries import CLOSE
from stages.lib.latex import Latex, escape, listing
from stages.lib.ledger import Ledger
from stages.lib.results import Results
from stages.lib.runs import METHODS, Memory, memory, pairs, reference


@dataclass(frozen=True)
class Findings:
    """Names of architectures and configurations, chosen by the data; empty where the grid has no such cell."""

    reference: str | None  # full fine-tuning at the base rate
    headline: list[str]
    adapters: list[str]  # headline, base rate, not full
    best_adapter: dict[str, str]  # architecture -> configuration
    weakest_adapter: dict[str, str]
    lightest: dict[str, str]  # least peak memory in the headline grid
    fastest: dict[str, str]
    full_leads: list[str]  # architectures in which no base-rate configuration beats full fine-tuning
    full_trails: list[str]
    below_bag: list[str]  # architectures whose best headline configuration is not above the bag of words
    close: dict[str, list[str]] = field(default_factory=dict)  # adapter -> architectures within CLOSE of full
    rank_pairs: list[tuple[str, str]] = field(default_factory=list)
    placement_pairs: list[tuple[str, str]] = field(default_factory=list)
    quantised_pairs: list[tuple[str, str]] = field(default_factory=list)
    rate_pairs: list[tuple[str, str]] = field(default_factory=list)


def find(results: Results) -> Findings:
    """Read all decisions off the results."""
    study, full = results.study, reference(results.study)
    headline = list(dict.fromkeys(cell.configuration for cell in study.cells if cell.role == "train"))
    base_rate = [name for name in headline if study.configurations[name].lr == "base"]
    adapters = [name for name in base_rate if study.configurations[name].method != "full"]
    full = full if full in headline else None
    bag = results.baselines.tfidf_logistic_regression.test_accuracy
    with_full = [a for a in study.architectures if full and not results.is_hole(a, full)]
    leads = [a for a in with_full if extreme(results, a, base_rate)[a] == full]
    return Findings(
        reference=full,
        headline=headline,
        adapters=adapters,
        best_adapter=_by_architecture(results, adapters),
        weakest_adapter=_by_architecture(results, adapters, highest=False),
        lightest=_by_architecture(results, headline, "peak_memory_bytes_mean", highest=False),
        fastest=_by_architecture(results, headline, "train_seconds_mean", highest=False),
        full_leads=leads,
        full_trails=[a for a in with_full if a not in leads],
        below_bag=[a for a in study.architectures if _best(results, a, headline) <= bag],
        close={name: _close(results, full, name) for name in adapters} if full else {},
        rank_pairs=pairs(study, "rank", "alpha"),
        placement_pairs=pairs(study, "placement"),
        quantised_pairs=[pair for pair in pairs(study, "method") if set(pair) <= set(adapters)],
        rate_pairs=pairs(study, "lr"),
    )


def extreme(
    results: Results, architecture: str, names: list[str], column: str = "test_accuracy_mean", highest: bool = True
) -> dict[str, str]:
    """``{architecture: configuration}`` with the highest or lowest value; the first of equals; empty without names.

    Cells whose runs failed do not take part, unless there are no others.
    """
    if not names:
        return {}
    choose = max if highest else min
    made = [name for name in names if not results.is_hole(architecture, name)] or names
    return {architecture: choose(made, key=lambda name: results.mean(architecture, name, column))}


def _by_architecture(
    results: Results, names: list[str], column: str = "test_accuracy_mean", highest: bool = True
) -> dict[str, str]:
    found: dict[str, str] = {}
    for architecture in results.study.architectures:
        found |= extreme(results, architecture, names, column, highest)
    return found


def _best(results: Results, architecture: str, names: list[str]) -> float:
    return results.mean(architecture, extreme(results, architecture, names)[architecture])


def _close(results: Results, full: str, name: str) -> list[str]:
    return [
        a for a in results.study.architectures if abs(results.mean(a, name) - results.mean(a, full)) <= CLOSE + 1e-12
    ]


class Phrases:
    """What the template calls: names, numbers, and words chosen by a number's sign as printed."""

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
        return self.number(key) if not self.has(f"{key}_sd") else Latex(self.ledger.spread(key, f"{key}_sd") + r"\%")

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
        value = float(self.ledger.plain(key)) if self.has(key) else 0
        return (value > 0) - (value < 0)

    def higher(self, pair: tuple[str, str]) -> list[str]:
        """Architectures in which the second of a pair has the higher mean accuracy."""
        return [a for a in self.results.study.architectures if self.sign(a, pair[1], pair[0]) > 0]

    def lower(self, pair: tuple[str, str]) -> list[str]:
        return [a for a in self.results.study.architectures if self.sign(a, pair[1], pair[0]) < 0]

    def distinguishable(self, pair: tuple[str, str]) -> list[str]:
        """Architectures in which the paired test tells the two apart, after Holm's correction."""
        tests = {a: self.results.comparison(a, *pair) for a in self.results.study.architectures}
        return [a for a, test in tests.items() if test is not None and test.verdict == "distinguishable"]

    def tested(self, pair: tuple[str, str]) -> Latex:
        """The end of a sentence: which of a pair's differences a paired test tells from none."""
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
        return Latex(f"{subject} distinguishable from none.")

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

    @property
    def threads(self) -> str:
        return "thread" if self.results.runs["threads"].max() == 1 else "threads"

    @property
    def several_at_once(self) -> bool:
        return bool((self.results.runs["runs_at_once"] > 1).any())

    @property
    def memory(self) -> Memory:
        return memory(self.results.runs)


def comma(loop) -> Latex:
    """What stands after an item of a loop: ``, ``, `` and ``, ``, and `` or nothing."""
    if loop.last:
        return Latex("")
    if loop.revindex == 2:
        return Latex(" and " if loop.length == 2 else ", and ")
    return Latex(", ")
