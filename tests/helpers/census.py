"""A synthetic census of full-size models."""

from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.published import printed
from stages.study.grid import StudySettings


def make_census(study: StudySettings) -> Census:
    """Predictions two per cent above the printed peaks."""
    peaks = {}
    for run in printed.segments()[::-1].itertuples():  # backwards: the first of several stays
        peaks[run.architecture, run.configuration] = run.peak_vram_gb
    grid = {}
    for architecture in study.architectures:
        grid[architecture] = {
            configuration: _cell(int(1.02 * peaks.get((architecture, configuration), 1.0) * 2**30))
            for configuration in study.configurations
        }
    return Census({"corrected": grid, "as-published": grid})


def _cell(peak: int) -> CensusCell:
    return CensusCell(
        trainable=10,
        total=100,
        total_packed_4bit=60,
        adapter=5,
        head=5,
        new_but_frozen=0,
        trainable_but_dead=0,
        precision="fp32",
        predicted_memory=PredictedMemory(weights=peak // 2, gradients=1, optimizer=1, activations=1, peak=peak),
    )
