"""Tables about the published study: verdicts on its claims, and predicted against printed peak memory."""

from stages.lib.claims import UNITS, Claims, Figure, fill
from stages.lib.latex import Latex, named
from stages.lib.ledger import Ledger, Origin
from stages.lib.numbers import GIBIBYTES, SIGNED_SHARE
from stages.lib.reported import FOLDER, GIGABYTE
from stages.lib.results import Results

SEGMENTS = FOLDER / "kernel_segments.csv"
CENSUS = "metrics/census.json"


def claim_rows(ledger: Ledger, claims: Claims) -> list[list[str]]:
    """The sentence with its figures, the verdict of the published figures, that of this build's records."""
    return [
        [
            sentence(ledger, f"claim.{claim.id}", claim.sentence, claim.stated),
            Latex(claim.published.verdict),
            Latex(claim.reproduced.verdict),
        ]
        for claim in claims.claims
    ]


def sentence(ledger: Ledger, prefix: str, text: str, figures: list[Figure]) -> Latex:
    """LaTeX of a sentence: its figures from the ledger, its words as names."""

    def show(figure: Figure) -> str:
        key = f"{prefix}.{figure.key}"
        if not ledger.has(key):
            ledger.add(key, figure.value, UNITS[figure.unit], Origin(figure.source, figure.source_key))
        return f"\0{key}\0"

    parts = fill(text, figures, show).split("\0")
    return Latex("".join(ledger.number(part) if index % 2 else named(part) for index, part in enumerate(parts)))


def memory_rows(ledger: Ledger, results: Results) -> list[list[str]]:
    """Published runs that were first in their process: printed and predicted peak in GiB, the error in per cent."""
    rows = []
    for run in results.memory.itertuples(index=False):
        key = f"predicted.{run.architecture}.{run.configuration}.{run.seed}"
        where = f"{run.architecture}, {run.configuration}, seed {run.seed}"
        cell = Origin(CENSUS, f"as-published.{run.architecture}.{run.configuration}.predicted_memory.peak")
        error = Origin(CENSUS, f"predicted over printed peak, less one; {where}")
        ledger.add(f"{key}.seed", str(run.seed), GIBIBYTES, Origin(SEGMENTS, f"seed; {where}"))
        ledger.add(
            f"{key}.printed", run.printed_bytes, GIBIBYTES, Origin(SEGMENTS, f"peak_vram_gb x {GIGABYTE}; {where}")
        )
        ledger.add(f"{key}.peak", run.predicted_bytes, GIBIBYTES, cell)
        ledger.add(f"{key}.error", run.relative_error, SIGNED_SHARE, error)
        label = results.study.configurations.get(run.configuration)
        name = named(results.study.architectures[run.architecture].label)
        configuration = named(label.label if label else run.configuration)
        rows.append(
            [name, configuration, *(ledger.cell(f"{key}.{part}") for part in ("seed", "printed", "peak", "error"))]
        )
    return rows
