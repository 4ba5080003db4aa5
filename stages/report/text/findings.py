"""Decisions that the report's sentences turn on, each read off the results."""

from dataclasses import dataclass, field

from stages.report.entries.inputs import Results
from stages.report.entries.study import CLOSE
from stages.report.numbers.latex import Latex


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
    under_bag: dict[str, list[str]]  # headline configurations that are not
    frontier: dict[str, list[str]]  # on the frontiers of memory and of time of their architecture
    close: dict[str, list[str]] = field(default_factory=dict)  # adapter -> architectures within CLOSE of full
    rank_pairs: list[tuple[str, str]] = field(default_factory=list)
    placement_pairs: list[tuple[str, str]] = field(default_factory=list)
    quantised_pairs: list[tuple[str, str]] = field(default_factory=list)
    rate_pairs: list[tuple[str, str]] = field(default_factory=list)


def find(results: Results) -> Findings:
    """Read all decisions off the results."""
    study, full = results.study, results.study.reference
    headline = study.headline
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
        under_bag={a: [name for name in headline if results.mean(a, name) <= bag] for a in study.architectures},
        frontier={a: _on_both_frontiers(results, a, headline) for a in study.architectures},
        close={name: _close(results, full, name) for name in adapters} if full else {},
        rank_pairs=study.pairs("rank", "alpha"),
        placement_pairs=study.pairs("placement"),
        quantised_pairs=[pair for pair in study.pairs("method") if set(pair) <= set(adapters)],
        rate_pairs=study.pairs("lr"),
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
    made = results.completed(architecture, names) or names
    return {architecture: choose(made, key=lambda name: results.mean(architecture, name, column))}


def _by_architecture(
    results: Results, names: list[str], column: str = "test_accuracy_mean", highest: bool = True
) -> dict[str, str]:
    found: dict[str, str] = {}
    for architecture in results.study.architectures:
        found |= extreme(results, architecture, names, column, highest)
    return found


def _on_both_frontiers(results: Results, architecture: str, names: list[str]) -> list[str]:
    found = [
        entry.configuration
        for entry in results.statistics.frontiers
        if (entry.among, entry.architecture, entry.on_frontier) == ("architecture", architecture, True)
    ]
    return [name for name in names if found.count(name) == 2]


def _best(results: Results, architecture: str, names: list[str]) -> float:
    return results.mean(architecture, extreme(results, architecture, names)[architecture])


def _close(results: Results, full: str, name: str) -> list[str]:
    return [
        a for a in results.study.architectures if abs(results.mean(a, name) - results.mean(a, full)) <= CLOSE + 1e-12
    ]


def comma(loop) -> Latex:
    """What stands after an item of a loop: ``, ``, `` and ``, ``, and `` or nothing."""
    if loop.last:
        return Latex("")
    if loop.revindex == 2:
        return Latex(" and " if loop.length == 2 else ", and ")
    return Latex(", ")
