"""Decisions that the report's sentences turn on, each read off the results."""

import math
from dataclasses import dataclass

from stages.analysis.costs import COMPARED
from stages.report.entries.extremes import extreme
from stages.report.entries.inputs import Results
from stages.report.entries.study import CLOSE
from stages.study.grid import StudySettings

FEW = 3  # cells that a sentence names


@dataclass(frozen=True)
class Findings:
    """Names of architectures and configurations, chosen by the data; empty where the grid has no such cell.

    The properties are the conditions of sentences.
    """

    architectures: list[str]
    reference: str | None  # full fine-tuning at the base rate
    headline: list[str]
    probes: list[str]  # configurations run for the learning rate alone
    adapters: list[str]  # headline, base rate, not full
    best_adapter: dict[str, str]  # architecture -> configuration
    weakest_adapter: dict[str, str]
    full_leads: list[str]  # architectures in which no base-rate configuration beats full fine-tuning
    full_trails: list[str]
    choice_outweighs_freezing: list[str]  # architectures in which adapters differ more than the best does from full
    frozen_probe_leads: list[str]  # architectures whose frozen base, probed, is right more often than the best adapter
    not_told_apart: list[tuple[str, str]]  # the few base-rate adapters that the tests do not tell from full fine-tuning
    below_bag: list[str]  # architectures whose best headline configuration is not above the bag of words
    under_bag: dict[str, list[str]]  # headline configurations that are not
    frontiers: list[tuple[list[str], list[str]]]  # configurations on both of the architectures after them
    close: list[tuple[list[str], list[str]]]  # adapters, and the architectures where they are within CLOSE of full
    rates_are_equal: bool  # the base rate and the probe rate
    rates_are_scaled: bool  # by the profile
    probe_rate_is_run: bool
    base_rate_is_run: bool
    rate_is_shared: bool  # by the headline grid, probes of the learning rate aside
    is_tuned: bool  # each cell is shown at the best of several rates
    every_run_kept_its_last_epoch: bool
    pairs_were_tested: bool
    has_steps: bool  # pairs that differ in one choice
    level: list[str]  # architectures in which the best adapter is level with full fine-tuning

    @property
    def adapters_are_compared(self) -> bool:
        """Whether on some architecture full fine-tuning and an adapter have a run that completed."""
        return bool(self.compared)

    @property
    def compared(self) -> list[str]:
        """Architectures where both completed a run: those of every sentence that sets one beside the other."""
        return [name for name in self.architectures if name in (*self.full_leads, *self.full_trails)]

    @property
    def are_both_in_the_grid(self) -> bool:
        """Whether it holds full fine-tuning and an adapter, completed or not."""
        return bool(self.reference and self.adapters)

    @property
    def one_cell_is_of_an_adapter(self) -> bool:
        """Whether the base rate has one adapter on one architecture, which no plural suits."""
        return len(self.adapters) * len(self.architectures) == 1

    @property
    def several_adapters_are_compared(self) -> bool:
        """With full fine-tuning, and so with each other."""
        return self.adapters_are_compared and len(self.adapters) > 1

    @property
    def is_level_everywhere(self) -> bool:
        """Whether, wherever the two are compared, the best adapter has the mean of full fine-tuning."""
        return self.level == self.compared

    @property
    def full_leads_everywhere(self) -> bool:
        return not self.full_trails

    @property
    def adapters_lead_everywhere(self) -> bool:
        return not self.full_leads


def find(results: Results) -> Findings:
    """Read all decisions off the results."""
    study = results.study
    headline, adapters = study.headline, results.base_rate_adapters
    full = study.reference if study.reference in headline else None
    leads, trails = _full_against_adapters(results, full)
    bag = results.bag_leading
    best = _by_architecture(results, headline)
    return Findings(
        architectures=list(study.architectures),
        reference=full,
        headline=headline,
        probes=list(dict.fromkeys(run.configuration for run in study.runs if run.role == "probe")),
        adapters=adapters,
        best_adapter=_by_architecture(results, adapters),
        weakest_adapter=_by_architecture(results, adapters, highest=False),
        full_leads=leads,
        full_trails=trails,
        choice_outweighs_freezing=[a for a in leads + trails if not _span_below_gap(results, a, full, adapters)],
        frozen_probe_leads=[a for a in study.architectures if _frozen_probe_leads(results, a, adapters)],
        not_told_apart=_not_told_apart(results, full, adapters),
        below_bag=[a for a in study.architectures if results.leading(a, best[a]) <= bag],
        under_bag={a: [name for name in headline if results.leading(a, name) <= bag] for a in study.architectures},
        frontiers=_frontiers(results, headline),
        close=_close(results, full, adapters),
        rates_are_equal=study.lr == study.lr_probe,
        rates_are_scaled=study.lr_scale != 1,
        probe_rate_is_run=any(study.configurations[run.configuration].lr == "probe" for run in study.runs),
        base_rate_is_run=any(_is_at_base_rate(study, run.configuration) for run in study.runs),
        rate_is_shared=results.rate_is_shared,
        is_tuned=results.is_tuned,
        every_run_kept_its_last_epoch=_runs_that_kept_their_last_epoch(results) == len(study.runs),
        pairs_were_tested=bool(results.statistics.comparisons),
        has_steps=bool(study.steps),
        level=[a for a in study.architectures if a in leads + trails and _is_level(results, a, full, adapters)],
    )


def _by_architecture(results: Results, names: list[str], highest: bool = True) -> dict[str, str]:
    """``{architecture: configuration}``; empty without names."""
    if not names:
        return {}
    return {a: extreme(results, a, names, highest=highest) for a in results.study.architectures}


def _full_against_adapters(results: Results, full: str | None) -> tuple[list[str], list[str]]:
    """Architectures in which full fine-tuning is at least as good as every adapter, and those in which it is not.

    An architecture in which it, or every adapter, has no run that completed is in neither.
    """
    leads, trails = [], []
    at_base_rate = [name for name in results.study.headline if results.study.configurations[name].lr == "base"]
    for architecture in results.study.architectures:
        if full is None or not results.completed(architecture, results.base_rate_adapters):
            continue
        if results.is_hole(architecture, full):
            continue
        best = extreme(results, architecture, at_base_rate)
        (leads if best == full else trails).append(architecture)
    return leads, trails


def _span_below_gap(results: Results, architecture: str, full: str, adapters: list[str]) -> bool:
    """Whether the adapters differ among themselves by less than the best of them differs from full fine-tuning."""
    scores = [results.leading(architecture, name) for name in results.completed(architecture, adapters)]
    if not scores:
        return False
    return max(scores) - min(scores) < abs(results.leading(architecture, full) - max(scores))


def _frozen_probe_leads(results: Results, architecture: str, adapters: list[str]) -> bool:
    """Whether a linear probe of the base scores more on validation texts than any adapter's mean on test texts."""
    probe, completed = results.bases[architecture].probe_accuracy, results.completed(architecture, adapters)
    means = [results.mean(architecture, name) for name in completed]
    return probe is not None and bool(means) and probe > max(means)


def _not_told_apart(results: Results, full: str | None, adapters: list[str]) -> list[tuple[str, str]]:
    """Configuration and architecture of each; none where they are more than a few, or all."""
    cells, total = [], 0
    for architecture in results.study.architectures:
        for name in adapters:
            test = results.comparison(architecture, full, name) if full else None
            total += test is not None
            if test is not None and test.verdict != "distinguishable":
                cells.append((name, architecture))
    return cells if len(cells) <= min(FEW, total - 1) else []


def _is_level(results: Results, architecture: str, full: str, adapters: list[str]) -> bool:
    best = extreme(results, architecture, adapters)
    return math.isclose(results.leading(architecture, best), results.leading(architecture, full), abs_tol=1e-12)


def _on_both_frontiers(results: Results, architecture: str, names: list[str]) -> list[str]:
    on_frontier = [
        entry.configuration
        for entry in results.statistics.frontiers
        if entry.cost in COMPARED and entry.architecture == architecture and entry.is_on
    ]
    return [name for name in names if on_frontier.count(name) == len(COMPARED)]


def _frontiers(results: Results, headline: list[str]) -> list[tuple[list[str], list[str]]]:
    """Architectures with the same configurations on both frontiers stand together; those without runs are left out."""
    together: dict[tuple[str, ...], list[str]] = {}
    for architecture in results.study.architectures:
        if results.completed(architecture, headline):
            names = tuple(_on_both_frontiers(results, architecture, headline))
            together.setdefault(names, []).append(architecture)
    return [(list(names), architectures) for names, architectures in together.items()]


def _close(results: Results, full: str | None, adapters: list[str]) -> list[tuple[list[str], list[str]]]:
    """Adapters that are close on the same architectures stand together; those that are close on none are left out."""
    if full is None:
        return []
    together: dict[tuple[str, ...], list[str]] = {}
    for name in adapters:
        architectures = tuple(a for a in results.study.architectures if _is_close(results, a, name, full))
        if architectures:
            together.setdefault(architectures, []).append(name)
    return [(names, list(architectures)) for architectures, names in together.items()]


def _is_close(results: Results, architecture: str, name: str, full: str) -> bool:
    distance = abs(results.leading(architecture, name) - results.leading(architecture, full))
    return distance <= CLOSE + 1e-12  # means of decimal fractions: 0.01 apart may come out a trifle more


def _runs_that_kept_their_last_epoch(results: Results) -> int:
    return int((results.runs["selected_epoch"] == results.runs["epochs"]).sum())


def _is_at_base_rate(study: StudySettings, name: str) -> bool:
    configuration = study.configurations[name]
    return configuration.lr == "base" and configuration.train.learning_rate is None
