"""The published study, in the words of the report's sentences: its claims, its memory, its protocol."""

from stages.published.claims import Conclusion, Judged
from stages.report.entries.claims import extent, k_of_n, quotation, worded
from stages.report.numbers.latex import Latex, listing, named
from stages.report.numbers.names import kind_name
from stages.report.phrases.phrases import Phrases

PUBLISHED, CORRECTED = "protocol.as-published", "protocol.corrected"  # prefixes of keys
VERDICTS: dict[Conclusion, str] = {  # with their keys
    "contradicted": "fail",
    "depends on the reading": "depends",
    "undecided": "undecided",
    "holds": "hold",
}
KINDS = {"full_ft": "full", "lora": "lora", "qlora": "lora-nf4", "ia3": "ia3"}  # by the published method


class ClaimPhrases:
    """One claim of the published study with its verdict on the published figures."""

    def __init__(self, say: Phrases, claim: Judged) -> None:
        self._say, self._claim = say, claim
        self.id, self.topic = claim.id, claim.topic
        self.verdict: Conclusion = claim.conclusion

    @property
    def quotation(self) -> Latex:
        """Verbatim, without quotation marks."""
        return quotation(self._say.ledger, self._claim)

    @property
    def place(self) -> Latex:
        """Where it stands in the README or in the report."""
        return named(self._claim.place)

    @property
    def rule(self) -> Latex:
        """What is compared with what."""
        return worded(self._say.ledger, f"claim.{self.id}", self._claim.rule, self._claim.stated)

    @property
    def k_of_n(self) -> Latex:
        """Comparisons that hold, of those that the printed figures decide."""
        return k_of_n(self._say.ledger, f"claim.{self.id}")

    @property
    def extent(self) -> Latex:
        """What the decided comparisons extend over."""
        return extent(self._say.ledger, f"claim.{self.id}")


class PublishedPhrases:
    """What the templates call ``published``."""

    def __init__(self, say: Phrases) -> None:
        self._say = say
        self.is_discussed, self.is_compared = say.results.is_discussed, say.results.is_compared
        self.claims = [ClaimPhrases(say, claim) for claim in say.results.claims.claims]

    @property
    def scoreboard(self) -> list[tuple[str, str, list[str]]]:
        """Each verdict that some claim has, with the key of their number, and their topics."""
        scores = []
        for verdict, key in VERDICTS.items():
            if topics := [claim.topic for claim in self.claims if claim.verdict == verdict]:
                scores.append((verdict, f"claims.{key}", topics))
        return scores

    def claim(self, name: str) -> ClaimPhrases:
        """By its id in claims.yaml."""
        return next(claim for claim in self.claims if claim.id == name)

    @property
    def parameters_that_agree(self) -> Latex:
        """``all``, or how many of the printed counts."""
        agree = "published.parameters_agree"
        return Latex("all") if self._alike(agree, "published.parameters_checked") else self._say.number(agree)

    @property
    def supposed_runs(self) -> list[Latex]:
        """What would explain each process that prints as if one run more had come before: a method, or several."""
        results, phrases = self._say.results, []
        for process in results.processes.query("unprinted != ''").itertuples(index=False):
            methods = [kind_name(KINDS[method]) for method in process.fitting.split()]
            label = named(results.study.labels.get(process.architecture, process.architecture))
            phrases.append(Latex(f"{listing(methods, 'or')} on {label}"))
        return phrases

    @property
    def every_residue_is_known(self) -> bool:
        """Of the runs that were not the first of their process."""
        return self._alike("memory.explained", "memory.others")

    @property
    def predictions_are_explained(self) -> bool:
        """Whether all that came before the printed runs is known of some of those that were not the first."""
        return self._say.has("memory.explained_error")

    @property
    def protocol_leaves_dead_parameters(self) -> bool:
        """Trainable ones without a gradient."""
        return self._some(f"{PUBLISHED}.trainable_but_dead")

    @property
    def protocol_freezes_new_parameters(self) -> bool:
        return self._some(f"{PUBLISHED}.new_but_frozen")

    @property
    def corrected_protocol_does_neither(self) -> bool:
        return not self._some(f"{CORRECTED}.trainable_but_dead") and not self._some(f"{CORRECTED}.new_but_frozen")

    @property
    def of_unknown_size(self) -> list[Latex]:
        """Architectures whose full size the settings do not say."""
        architectures = self._say.results.study.architectures
        return self._say.names([name for name, each in architectures.items() if each.full_size is None])

    @property
    def uncounted(self) -> Latex | None:
        """Configurations that could not be counted on an architecture of known size; None where all were."""
        results = self._say.results
        sized = {name for name, each in results.study.architectures.items() if each.full_size is not None}
        names = dict.fromkeys(name for architecture, name in results.uncounted if architecture in sized)
        return self._say.configurations_of(list(names), "census.uncounted") if names else None

    @property
    def saves_less_when_treated_alike(self) -> bool:
        """Whether QLoRA saves less beyond LoRA, on every architecture, once both are trained under one protocol."""
        keys = f"{CORRECTED}.beyond_lora_most", f"{PUBLISHED}.beyond_lora_least"
        if not all(map(self._say.has, keys)):
            return False
        corrected, published = (self._say.ledger.entry(key).value for key in keys)
        return corrected < published

    def _alike(self, key: str, other: str) -> bool:
        """As printed."""
        return self._say.ledger.as_printed(key) == self._say.ledger.as_printed(other)

    def _some(self, key: str) -> bool:
        return self._say.ledger.as_printed(key) != "0"
