"""How the runs were made, in the words of the report's sentences: protocol, audit, machine, software."""

from collections.abc import Iterator

import pandas as pd

from stages.analysis.costs import PROCESSOR_TIME, CostColumn, compared_memory, compared_time
from stages.analysis.runs import RUNS
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.numbers.ledger import Source
from stages.report.numbers.names import DESIGN, has_virtual_tokens, method_name
from stages.report.phrases.phrases import Phrases
from stages.study.configuration import PEFT_DEFAULT

ROWS_BESIDE_TEXT = 24  # of a figure
# Libraries whose versions the report prints.
PACKAGES = ("torch", "transformers", "peft", "bitsandbytes", "accelerate", "datasets", "tokenizers", "numpy", "dvc")


class RunsPhrases:
    """What the templates call ``runs``: what the records say of all runs."""

    def __init__(self, say: Phrases) -> None:
        self._say, self._runs = say, say.results.runs

    @property
    def are_of_the_design(self) -> bool:
        """Whether all are of methods that the published study compares."""
        return {str(name) for name in self.named_methods} <= set(DESIGN.values())

    @property
    def named_methods(self) -> list[Latex]:
        """Every method of the grid once, by its kind and the options that have a name of their own."""
        by_configuration = self._runs.drop_duplicates("configuration")
        return list(dict.fromkeys(method_name(run) for _, run in by_configuration.iterrows()))

    @property
    def number_of_methods(self) -> Latex:
        source = Source(RUNS, "distinct methods, by kind and the options that have a name of their own")
        return self._say.counted("grid.methods", len(self.named_methods), source)

    @property
    def explain_full(self) -> bool:
        """Whether the report explains a method: those of the published study beside it, else what was run."""
        return self.are_of_the_design or self._are_of("full")

    @property
    def explain_subsets(self) -> bool:
        return self._are_of("subset")

    @property
    def explain_lora(self) -> bool:
        return self.are_of_the_design or self._are_of("lora")

    @property
    def explain_qlora(self) -> bool:
        return self.are_of_the_design or self.quantise_to_four_bits

    @property
    def explain_ia3(self) -> bool:
        return self.are_of_the_design or self._are_of("ia3")

    @property
    def leave_keys_as_they_are(self) -> bool:
        """Whether (IA)3 is placed on values and feed-forward layers alone, as the design has it."""
        of_ia3 = self._runs[self._runs["kind"] == "ia3"]
        return not of_ia3.empty and bool((of_ia3["target"] == "ia3").all())

    @property
    def most_scattered(self) -> Latex:
        """The cell whose accuracies over seeds lie furthest apart."""
        cells = self._say.results.cells
        architecture, configuration = (cells["test_accuracy_max"] - cells["test_accuracy_min"]).idxmax()
        place = "" if len(self._say.results.study.architectures) == 1 else f" on {self._say.architecture(architecture)}"
        return Latex(f"{self._say.configuration(configuration)}{place}")

    def _are_of(self, kind: str) -> bool:
        return any(name.partition("-")[0] == kind for name in self._distinct("kind"))

    @property
    def quantise_to_four_bits(self) -> bool:
        return bool({"nf4", "fp4"} & set(self._distinct("quantization")))

    @property
    def choose_their_own_placement(self) -> bool:
        """Whether some adapters go into the modules that PEFT has as a default."""
        adapters = self._runs.query("method == 'peft'").drop_duplicates("configuration")
        return any(
            run["target"] == PEFT_DEFAULT or (pd.isna(run["target"]) and pd.isna(run["target_modules"]))
            for _, run in adapters.iterrows()
            if not has_virtual_tokens(run)
        )

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
    def fill_a_page(self) -> bool:
        """Whether a figure with a row a configuration of the headline grid has a page to itself."""
        return len(self._say.results.study.headline) > ROWS_BESIDE_TEXT

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
        return self.on_cpu and self.quantise_to_four_bits

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
    def memory(self) -> CostColumn:
        return compared_memory(self._runs)

    @property
    def time(self) -> CostColumn:
        return compared_time(self._runs)

    @property
    def were_disturbed(self) -> bool:
        """Whether some were, so that what they took is left out where it can be."""
        costs = self._say.results.statistics.costs
        return costs is not None and costs.disturbed_runs > 0

    @property
    def drawn_anew(self) -> Latex:
        """What resamples vary: after "draw"."""
        drawn = ["texts", "seeds", "costs"] if len(self._say.results.study.seeds) > 1 else ["texts", "costs"]
        return listing([Latex(name) for name in drawn])

    @property
    def are_timed_by_processor(self) -> bool:
        """Whether what others compute meanwhile adds little to the times that are compared."""
        return self.time is PROCESSOR_TIME

    @property
    def packages(self) -> Iterator[tuple[str, Latex]]:
        """Each library that the records know of, with its version."""
        for name in PACKAGES:
            if self._say.has(f"version.{name}"):
                yield name, self._say.number(f"version.{name}")

    @property
    def have_a_commit(self) -> bool:
        """Some of them."""
        return self._runs["commit"].notna().any()

    @property
    def are_of_several_commits(self) -> bool:
        return self._runs["commit"].nunique() > 1

    @property
    def include_uncommitted_changes(self) -> bool:
        return "True" in self._distinct("dirty")

    @property
    def are_of_commits_alone(self) -> bool:
        return self.without_commit is None and not self.include_uncommitted_changes

    @property
    def without_commit(self) -> Latex | None:
        """Why the commit of some runs is unknown, after "because"; None where all have one."""
        if self._runs["commit"].notna().all():
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
        """Methods of which some run has ``value`` in ``column``, those of the published study first."""
        having = list(dict.fromkeys(self._runs.loc[self._runs[column] == value, "kind"]))
        return sorted(having, key=lambda kind: list(DESIGN).index(kind) if kind in DESIGN else len(DESIGN))
