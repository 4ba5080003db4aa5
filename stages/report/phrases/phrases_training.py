"""How long and by which schedule the runs trained, in the words of the report's sentences."""

from stages.report.entries.options import OF_TRAINING
from stages.report.numbers.latex import Latex
from stages.report.phrases.phrases import Phrases

SCHEDULES = {
    "linear": "a linear schedule to zero",
    "cosine": "a cosine schedule to zero",
    "constant": "a constant rate",
}


class TrainingPhrases:
    """What the templates call ``training``: the profile's settings, and whether configurations depart from them."""

    def __init__(self, say: Phrases) -> None:
        self._say, self._runs = say, say.results.runs

    @property
    def differs(self) -> bool:
        """Whether some runs trained by other settings than the profile's."""
        return any(not self._all_have(field, value) for field, value in self._common.items())

    @property
    def schedule(self) -> str:
        """What becomes of the rate of most runs."""
        return SCHEDULES[self._common["schedule"]]

    @property
    def warmup(self) -> Latex:
        if not self._common["warmup"]:
            return Latex("without warm-up")
        return Latex(f"after a warm-up over {self._say.number('train.warmup')} of the steps")

    @property
    def weight_decay(self) -> Latex:
        if not self._common["weight_decay"]:
            return Latex("no weight decay")
        return Latex(f"a weight decay of {self._say.number('train.weight_decay')}")

    @property
    def stops_early(self) -> bool:
        return self._common["early_stopping"] is not None

    @property
    def is_in_bf16(self) -> bool:
        """Whether the runs compute in bf16, their frozen weights quantised or not."""
        return bool((self._runs["precision"] == "bf16").all())

    @property
    def _common(self) -> dict[str, object]:
        """The profile's settings that a configuration may change."""
        return self._say.results.study.train.model_dump(include=set(OF_TRAINING))

    def _all_have(self, field: str, value: object) -> bool:
        column = self._runs[field]
        return bool(column.isna().all()) if value is None else bool((column == value).all())
