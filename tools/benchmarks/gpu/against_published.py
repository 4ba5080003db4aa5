"""Against the published recipe, and a tuned one: steps of full fine-tuning on each architecture, and of QLoRA."""

from collections.abc import Iterator

from tools.benchmarks import steps
from tools.benchmarks.gpu.bench import Bench
from tools.benchmarks.gpu.figures import Figure

CELLS = (("roberta", "full"), ("distilbert", "full"), ("deberta", "full"), ("roberta", "qlora-ffn"))


def measure(bench: Bench) -> Iterator[Figure]:
    for architecture, configuration in CELLS:
        if architecture not in bench.study.architectures:
            continue
        row = steps.measure(bench.run(architecture, configuration), bench.workspace, bench.machine, bench.device)
        name = f"{architecture} {configuration}"
        for side, found in row.sides.items():
            rate = found.samples_per_second
            yield Figure(of=name, what=f"examples a second: {side}", value=rate, fault=found.fault)
            if rate is not None:
                yield Figure(of=name, what=f"share of the peak: {side}", value=100 * found.share_of_peak, unit="%")
