"""How the runs were made, in the words of the report's sentences: protocol, audit, machine, software."""

from collections.abc import Callable, Iterator

from stages.analysis.runs import MemoryColumn, compared_memory
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.numbers.names import KINDS
from stages.report.text.phrases import Phrases
from stages.tuning.tuning import TunedCell

# Libraries whose versions the report prints.
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets", "tokenizers", "numpy", "dvc")

LISTED = 6  # cells that a sentence names; of more it says how many


class RunsPhrases:
    """What the templates call ``runs``: what the records say of all runs."""

    def __init__(self, say: Phrases) -> None:
        self._say, self._runs = say, say.results.runs

    @property
    def methods(self) -> list[Latex]:
        return self._say.method_names(self._distinct("kind"))

    @property
    def use_every_method(self) -> bool:
        return len(self._distinct("kind")) == len(KINDS)

    @property
    def treat_methods_alike(self) -> bool:
        """Whether the protocol treats methods alike in all that it can."""
        alike = not self._methods_where("gradient_checkpointing", True)
        return self.select_on_validation and self.train_every_new_module and alike

    @property
    def select_on_validation(self) -> bool:
        return self._distinct("selection_split") == ["validation"]

    @property
    def train_every_new_module(self) -> bool:
        """Whatever the method, adapters besides."""
        return self._distinct("head_policy") == ["new-modules"]

    @property
    def set_the_seed_first(self) -> bool:
        """Before the model is built."""
        return self._distinct("seed_before_model") == ["True"]

    @property
    def methods_that_keep_their_last_epoch(self) -> list[Latex]:
        """Whatever its score."""
        return self._say.method_names(self._methods_where("load_best", False))

    @property
    def methods_with_checkpointing(self) -> list[Latex]:
        """Of gradients."""
        return self._say.method_names(self._methods_where("gradient_checkpointing", True))

    @property
    def share_checkpointing(self) -> bool:
        """Whether gradient checkpointing is on for all runs or off for all."""
        return len(self._distinct("gradient_checkpointing")) == 1

    @property
    def differ_in_optimizer(self) -> bool:
        return len(self._distinct("optimizer")) > 1

    def adapt(self, module: str) -> bool:
        """Whether some adapter of the grid targets modules of this name."""
        targets = self._runs["target_modules"].dropna()
        return any(module in names.split() for names in targets)

    @property
    def train_all_that_they_should(self) -> bool:
        """Whether no run trained a parameter in vain or left a new one untrained."""
        return not self._runs[["new_but_frozen_parameters", "trainable_but_dead_parameters"]].any(axis=None)

    @property
    def on_cpu(self) -> bool:
        return self._distinct("device") == ["cpu"]

    @property
    def quantise_on_cpu(self) -> bool:
        return self.on_cpu and "lora-nf4" in self._distinct("kind")

    @property
    def first_device(self) -> Latex:
        """After "on"."""
        return Latex("a CPU") if self.on_cpu else escape(self._distinct("device")[0])

    @property
    def accelerators(self) -> Latex:
        return Latex("no accelerator") if self.on_cpu else listing(self.devices)

    @property
    def devices(self) -> list[Latex]:
        return self._numbered("device")

    @property
    def processors(self) -> list[Latex]:
        return self._numbered("processor")

    @property
    def platforms(self) -> list[Latex]:
        return self._numbered("platform")

    @property
    def shared_their_machine(self) -> bool:
        return bool((self._runs["runs_at_once"] > 1).any())

    @property
    def memory(self) -> MemoryColumn:
        return compared_memory(self._runs)

    @property
    def packages(self) -> Iterator[tuple[str, Latex]]:
        """Each library that the records know of, with its version."""
        for name in PACKAGES:
            if self._say.has(f"version.{name}"):
                yield name, self._say.number(f"version.{name}")

    @property
    def include_uncommitted_changes(self) -> bool:
        return "True" in self._distinct("dirty")

    @property
    def are_of_commits_alone(self) -> bool:
        return self.without_commit is None and not self.include_uncommitted_changes

    @property
    def without_commit(self) -> Latex | None:
        """Why the commit of some runs is unknown, after "because"; None where all have one."""
        if self._say.has("commit.0") and self._runs["commit"].notna().all():
            return None
        reasons = self._distinct("commit_unknown") if "commit_unknown" in self._runs else []
        return listing(reasons or ["it was not recorded"])

    def _numbered(self, column: str) -> list[Latex]:
        """Distinct processors, platforms or devices."""
        return [self._say.number(f"machine.{column}.{index}") for index in range(len(self._distinct(column)))]

    def _distinct(self, column: str) -> list[str]:
        """Values of a column, as text."""
        return [str(value) for value in self._runs[column].dropna().unique()]

    def _methods_where(self, column: str, value: bool) -> list[str]:
        """Methods of which some run has ``value`` in ``column``."""
        having = set(self._runs.loc[self._runs[column] == value, "kind"])
        return [method for method in KINDS if method in having]


class TuningPhrases:
    """What the templates call ``tuning``: how the learning rate of each configuration was chosen."""

    def __init__(self, say: Phrases) -> None:
        self._say, self._study, self._tuning = say, say.results.study, say.results.tuning

    @property
    def is_done(self) -> bool:
        return self._study.is_tuned

    @property
    def at_the_rate(self) -> str:
        """Of a comparison of configurations, within a sentence."""
        return "with every method at its best rate" if self.is_done else "at the base rate"

    @property
    def at_its_rate(self) -> str:
        """Of one configuration."""
        return "at its best rate" if self.is_done else "at the base rate"

    @property
    def at_the_learning_rate(self) -> str:
        """As ``at_the_rate``, where a reader has not met the rates yet."""
        return "with every method at its best learning rate" if self.is_done else "at the base learning rate"

    @property
    def at_the_same_rate(self) -> str:
        """Of an adapter beside full fine-tuning, where tuning has not given each its own."""
        return "" if self.is_done else " at the same rate"

    @property
    def factors(self) -> list[Latex]:
        return [self._say.number(f"tuning.factor.{index}") for index in range(len(self._study.rate_factors))]

    @property
    def starts_from_one_rate(self) -> bool:
        """Whether all configurations have the same rate where none is tuned."""
        return len({self._study.nominal_rate(name) for name in self._study.headline}) == 1

    @property
    def first_rate(self) -> str:
        """What was configured, of one configuration."""
        return "the shared rate" if self.starts_from_one_rate else "its configured rate"

    @property
    def first_rates(self) -> str:
        """The same of several."""
        return "the shared rate" if self.starts_from_one_rate else "the configured rates"

    @property
    def edges(self) -> list[tuple[str, str, list[Latex]]]:
        """``highest`` and ``lowest``, each with the key of its count and its cells where these are few."""
        ends = []
        for edge in ("highest", "lowest"):
            cells = [cell for cell in self._tuning.cells if cell.edge == edge]
            if cells:
                ends.append((edge, f"tuning.{edge}", self._names(cells) if len(cells) <= LISTED else []))
        return ends

    @property
    def orders(self) -> list[tuple[Latex, Latex]]:
        """Architectures with several configurations, and how far tuning leaves their order as it was."""
        orders = []
        for name in self._study.architectures:
            if self._say.has(f"{name}.tuning.agreement"):
                orders.append((self._say.architecture(name), self._say.number(f"{name}.tuning.agreement")))
        return orders

    @property
    def gaps(self) -> list[tuple[Latex, Latex, Latex]]:
        """Architectures with full fine-tuning and adapters, and the best adapter's place at first and best rates."""
        gaps = []
        for name in self._study.architectures:
            if self._say.has(f"{name}.tuning.best_gap"):
                gaps.append((self._say.architecture(name), self._gap(name, "first"), self._gap(name, "best")))
        return gaps

    @property
    def most_gain(self) -> Latex:
        return self._extreme(max)

    @property
    def least_gain(self) -> Latex:
        return self._extreme(min)

    def _extreme(self, choose: Callable) -> Latex:
        measured = [cell for cell in self._tuning.cells if cell.gain is not None]
        return self._names([choose(measured, key=lambda cell: cell.gain)])[0]

    def _names(self, cells: list[TunedCell]) -> list[Latex]:
        """Configurations, with their architectures where there are several."""
        names = []
        for cell in cells:
            label = self._say.configuration(cell.configuration)
            several = len(self._study.architectures) > 1
            names.append(Latex(f"{label} on {self._say.architecture(cell.architecture)}") if several else label)
        return names

    def _gap(self, architecture: str, rates: str) -> Latex:
        """Of the best adapter to full fine-tuning at the ``first`` or the ``best`` rates: ``3.85 pp below``."""
        key = f"{architecture}.tuning.{rates}"
        sign = self._say.sign(f"{key}_gap")
        if not sign:
            return Latex("level with")
        return Latex(f"{self._say.number(f'{key}_distance')} {'above' if sign > 0 else 'below'}")
