"""The published study, in the words of the report's sentences: its claims, its memory, its protocol."""

from typing import Literal

from stages.published.claims import FAILS, HOLDS, UNDECIDED, Evaluation, Judged
from stages.report.numbers.latex import Latex
from stages.report.phrases.phrases import Phrases

PUBLISHED, CORRECTED = "protocol.as-published", "protocol.corrected"  # prefixes of keys


class EvidencePhrases:
    """What one body of evidence, the printed figures or the records of this build, says of the claims."""

    def __init__(self, say: Phrases, evidence: Literal["published", "reproduced"]) -> None:
        self._say, self._evidence = say, evidence
        self._claims = say.results.claims.claims

    @property
    def bear_out(self) -> list[str]:
        """Topics of claims that hold of these figures alone."""
        return self._topics(HOLDS)

    @property
    def contradict(self) -> list[str]:
        return self._topics(FAILS)

    @property
    def leave_open(self) -> list[str]:
        return self._topics(UNDECIDED)

    @property
    def gaps(self) -> str:
        """Why comparisons of the claims have no figure, each reason once."""
        reasons: dict[str, None] = {}
        for claim in self._claims:
            evaluation = self._evaluation(claim)
            if evaluation.observation != UNDECIDED:
                continue
            for reason in evaluation.observation_reason.split("; "):
                if "{" not in reason:  # one with a figure is of a comparison that was made
                    reasons[self._labelled(reason)] = None
        return "; ".join(reasons)

    @property
    def test(self) -> str:
        """How claims were tested, in words."""
        return self._evaluation(self._claims[0]).test

    def _topics(self, verdict: str) -> list[str]:
        return [claim.topic for claim in self._claims if self._evaluation(claim).observation == verdict]

    def _evaluation(self, claim: Judged) -> Evaluation:
        return getattr(claim, self._evidence)

    def _labelled(self, reason: str) -> str:
        """A reason that begins with a cell, ``deberta ia3: ...``, with the cell's labels."""
        labels = self._say.results.study.labels
        cell, colon, rest = reason.partition(":")
        architecture, _, names = cell.partition(" ")
        if not colon or architecture not in labels:
            return reason
        configurations = [labels.get(name, name) for name in names.split(" against ")]
        return f"{labels[architecture]}, {' against '.join(configurations)}:{rest}"


class PublishedPhrases:
    """What the templates call ``published``."""

    def __init__(self, say: Phrases) -> None:
        self._say = say
        self.is_discussed, self.is_compared = say.results.is_discussed, say.results.is_compared
        self.figures = EvidencePhrases(say, "published")
        self.records = EvidencePhrases(say, "reproduced")

    @property
    def claims_decided_alike(self) -> list[str]:
        """Claims that the printed figures and the records of this build decide, and in the same way."""
        return [c.topic for c in self._decided() if c.published.observation == c.reproduced.observation]

    @property
    def claims_decided_differently(self) -> list[str]:
        return [c.topic for c in self._decided() if c.published.observation != c.reproduced.observation]

    @property
    def parameters_that_agree(self) -> Latex:
        """``all``, or how many of the printed counts."""
        agree = "published.parameters_agree"
        return Latex("all") if self._alike(agree, "published.parameters_checked") else self._say.number(agree)

    @property
    def some_memory_is_not_close(self) -> bool:
        """To the prediction, of runs that were first in their process."""
        return not self._alike("memory.close", "memory.compared")

    @property
    def some_processes_need_no_further_run(self) -> bool:
        """For their peaks to be predicted."""
        return self._say.has("memory.processes_error")

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
    def savings_are_predicted(self) -> bool:
        """Of quantised adapters, under both protocols."""
        return self._say.has(f"{PUBLISHED}.saved_least") and self._say.has(f"{CORRECTED}.saved_least")

    @property
    def protocol_adds_to_the_saving(self) -> bool:
        """Whether the greatest saving under the corrected protocol is below the least one as published."""
        entry = self._say.ledger.entry
        return entry(f"{CORRECTED}.saved_most").value < entry(f"{PUBLISHED}.saved_least").value

    def _decided(self) -> list[Judged]:
        claims = self._say.results.claims.claims
        return [c for c in claims if UNDECIDED not in (c.published.observation, c.reproduced.observation)]

    def _alike(self, key: str, other: str) -> bool:
        """As printed."""
        return self._say.ledger.as_printed(key) == self._say.ledger.as_printed(other)

    def _some(self, key: str) -> bool:
        return self._say.ledger.as_printed(key) != "0"
