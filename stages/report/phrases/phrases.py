"""Words of the report's sentences that belong to no one subject: names, numbers, singular and plural."""

from collections.abc import Sized

from stages.analysis.runs import FAILED, SUMMARY
from stages.report.entries.inputs import Results
from stages.report.numbers.latex import Latex, escape, listing
from stages.report.numbers.ledger import Ledger, Source
from stages.report.numbers.names import is_encoder, kind_name
from stages.report.numbers.units import COUNT

LISTED = 12  # configurations or runs in a sentence: of more, their number is said


class Phrases:
    """What the templates call ``say``: names, and words chosen by numbers as printed."""

    def __init__(self, results: Results, ledger: Ledger) -> None:
        self.results, self.ledger = results, ledger
        self.number, self.has = ledger.number, ledger.has

    def architecture(self, name: str) -> Latex:
        return escape(self.results.study.architectures[name].label)

    def configuration(self, name: str) -> Latex:
        return escape(self.results.study.configurations[name].label)

    def names(self, architectures: list[str]) -> list[Latex]:
        return [self.architecture(name) for name in architectures]

    def labels(self, configurations: list[str]) -> list[Latex]:
        return [self.configuration(name) for name in configurations]

    def method_names(self, methods: list[str]) -> list[Latex]:
        return [kind_name(method) for method in methods]

    @property
    def model(self) -> str:
        """What the models of this study are called."""
        return "encoder" if self.models_are_encoders else "model"

    @property
    def a_model(self) -> str:
        """The same where only a pretrained one can be meant, with its article."""
        return "an encoder" if self.models_are_encoders else "a pretrained model"

    @property
    def adapter(self) -> str:
        """What trains less than all weights: an adapter, or by a wider name where subsets of the weights are there."""
        return "adapter" if self.only_adapters else "parameter-efficient method"

    @property
    def only_adapters(self) -> bool:
        """Whether each configuration that trains less than all weights adds an adapter."""
        configurations = self.results.study.configurations
        return all(configurations[name].method == "peft" for name in self.results.base_rate_adapters)

    @property
    def an_adapter(self) -> str:
        return f"{'an' if self.only_adapters else 'a'} {self.adapter}"

    @property
    def models_are_encoders(self) -> bool:
        return all(is_encoder(each.model_class) for each in self.results.study.architectures.values())

    @property
    def at_the_rate(self) -> str:
        """At the beginning of a sentence: the rate that configurations are compared at."""
        if self.results.is_tuned:
            return "With each configuration at the best of its learning rates"
        return "At the base learning rate" if self._shared else "With each configuration at its own learning rate"

    @property
    def at_the_rate_shortly(self) -> str:
        return self.at_the_rate.replace("learning ", "")

    @property
    def at_the_same_rate(self) -> str:
        return " at the same rate" if self._shared else ""

    @property
    def at_the_base_rate(self) -> str:
        return " at the base rate" if self._shared else ""

    @property
    def _shared(self) -> bool:
        return self.results.rate_is_shared

    def configurations_of(self, names: list[str], key: str) -> Latex:
        """Their labels; of dozens, how many there are, entered as ``<key>_count``."""
        if len(names) <= LISTED:
            return listing(self.labels(names))
        source = Source(SUMMARY, f"number of configurations in {key}")
        return Latex(f"{self.counted(f'{key}_count', len(names), source)} configurations")

    def close_to_full(self, names: list[str], architectures: list[str]) -> Latex:
        """Configurations that are close to full fine-tuning on the same architectures."""
        return self.configurations_of(names, f"{'.'.join(architectures)}.close")

    def on_both_frontiers(self, names: list[str], architectures: list[str]) -> Latex:
        """Configurations on the frontiers of memory and of time, the same ones on each of the architectures."""
        if not names:
            return Latex("none")
        if names == self.results.study.headline and len(names) > 1:
            return Latex("all headline configurations")
        return self.configurations_of(names, f"{architectures[0]}.frontier")

    def each_of(self, architectures: list[str]) -> list[Latex]:
        """Their names, or one word for several that are all of the study's."""
        if len(architectures) > 1 and list(architectures) == list(self.results.study.architectures):
            return [Latex("each architecture")]
        return self.names(architectures)

    def counted(self, key: str, count: int, source: Source) -> Latex:
        """A number that the text alone prints."""
        if not self.has(key):
            self.ledger.add(key, count, COUNT, source, optional=True)
        return self.number(key)

    def plural(self, key: str, one: str, several: str) -> str:
        """The word that goes with a number as printed: ``one`` where it is 1."""
        return one if self.ledger.as_printed(key) == "1" else several

    def is_one(self, key: str) -> bool:
        """Whether a number is printed as 1, where a sentence with several would need another one."""
        return self.has(key) and self.ledger.as_printed(key) == "1"

    def plural_of(self, items: Sized, one: str, several: str) -> str:
        """The word that goes with a list."""
        return one if len(items) == 1 else several

    def printed(self, key: str) -> float:
        """The value as printed: what decides a sentence that stands beside the number."""
        return float(self.ledger.as_printed(key).replace(",", ""))

    def sign(self, key: str) -> int:
        """Of a number as printed: one that rounds to zero has none, nor has one that is not there."""
        value = self.printed(key) if self.has(key) else 0
        return (value > 0) - (value < 0)

    def print_alike(self, first: str, second: str) -> bool:
        """Whether both numbers are there and are the same as printed."""
        return self.has(first) and self.ledger.as_printed(first) == self.ledger.as_printed(second)

    def range(self, key: str) -> Latex:
        """``0.82 to 1.31``, the least and the greatest; one number where they print alike."""
        least, most = f"{key}_least", f"{key}_most"
        if self.print_alike(least, most):
            return self.number(least)
        return Latex(f"{self.number(least)} to {self.number(most)}")

    def how_many(self, key: str, total: str) -> Latex:
        """``all 15``, ``3 of 15`` or ``none of 15``, before a noun in the plural."""
        if self.print_alike(key, total):
            return Latex(f"all {self.number(total)}")
        count = self.number(key) if self.sign(key) else "none"
        return Latex(f"{count} of {self.number(total)}")

    @property
    def seeds(self) -> list[Latex]:
        """Each seed of the grid."""
        return [self.number(f"grid.seed.{index}") for index in range(len(self.results.study.seeds))]

    @property
    def seeds_suffice(self) -> bool:
        """Whether runs of so many seeds that do not overlap at all would differ at the level used here."""
        smallest, level = self.ledger.entry("seeds.smallest_p"), self.ledger.entry("statistics.level")
        return smallest.value < level.value

    @property
    def some_runs_failed(self) -> bool:
        return len(self.results.failed) > 0

    @property
    def failed_runs(self) -> Latex:
        """Each failed run with the kind of its failure."""
        runs = []
        failed = self.results.failed
        for index, run in enumerate(failed.head(LISTED).itertuples()):
            cell = f"{self.configuration(run.configuration)} on {self.architecture(run.architecture)}"
            runs.append(f"{cell}, seed {self.number(f'failed.{index}.seed')} ({escape(run.kind)})")
        if len(failed) > LISTED:
            more = self.counted("grid.failed_more", len(failed) - LISTED, Source(FAILED, f"rows from {LISTED} on"))
            runs.append(f"and {more} others")
        return Latex("; ".join(runs))
