"""Synthetic results of a study: schema-valid records, card, base reports and token lengths, made in seconds."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import datasets
import numpy as np
import pandas as pd

from stages import claims, reconcile, settings
from stages.analysis.baselines import BagOfWords, Baselines, Majority
from stages.analysis.comparisons import compared
from stages.analysis.statistics import (
    Accuracy,
    Calibration,
    Comparison,
    Frontier,
    Interval,
    Statistics,
    limits,
)
from stages.data.card import Card, Leakage, SplitCard, Words
from stages.fullsize.census import Census, CensusCell, PredictedMemory
from stages.published import printed as reported
from stages.study.grid import StudySettings
from stages.training.record import Cost, Environment, Epoch, Parameters, Quality, Record, RunIdentity
from stages.training.settings import Run, RunSettings
from tests.helpers.tiny_study import ROOT, write_params

TEST_ROWS = 2000
SKILL = {"full": 0.90, "lora-r8": 0.845, "lora-r16": 0.85, "lora-ffn": 0.868, "qlora-ffn": 0.865, "ia3": 0.80}
BONUS = {"distilbert": 0.0, "roberta": 0.015, "deberta": 0.03}
SHARE = {"full": 1.0, "lora": 0.03, "qlora": 0.03, "ia3": 0.012}
SECONDS = {"full": 9.0, "lora": 7.5, "qlora": 11.0, "ia3": 7.0}
MEBIBYTES = {"full": 270, "lora": 240, "qlora": 200, "ia3": 235}


def write_results(**changes: object) -> StudySettings:
    """Everything that collect, tables, figures and paper read, for a changed params.yaml, in the current folder.

    The rate's scale is fixed here: it is tuned with the miniature encoders and appears in expected texts.
    """
    write_params(Path(), **{"profiles.mini.train.lr_scale": 150, **changes})
    settings.main()
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    study = StudySettings.read()
    for cell in study.runs:
        make_record(cell).write_to(cell.record_path)
    Path("data/raw").mkdir(parents=True, exist_ok=True)
    make_card().write_to(Path("data/raw/card.json"))
    write_examples()
    make_baselines().write()
    make_statistics(study).write()
    for index, architecture in enumerate(study.architectures):
        write_base_report(architecture)
        write_lengths(architecture, 28 + 4 * index, study.max_length)
    return study


def accuracy(cell: Run) -> float:
    """Deterministic, different for each cell, in multiples of one test example."""
    base = SKILL[cell.configuration.removesuffix("-probe")] + BONUS.get(cell.architecture, 0)
    gain = 0.006 if cell.configuration.endswith("-probe") else 0.0
    return round((base + gain + 0.004 * np.sin(7.0 * cell.seed + len(cell.configuration))) * TEST_ROWS) / TEST_ROWS


def make_record(cell: Run) -> Record:
    """A record of plausible values for one cell of the settings in the current folder."""
    run_settings = RunSettings.read(cell.architecture, cell.configuration)
    return Record(
        run=RunIdentity(
            architecture=cell.architecture,
            configuration=cell.configuration,
            seed=cell.seed,
            exp_id=run_settings.exp_id,
            method=run_settings.method,
            learning_rate=run_settings.learning_rate,
            settings=run_settings,
            process_id=1000 + cell.seed,
            started_at=(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=cell.seed)).isoformat(),
        ),
        quality=_quality(accuracy(cell), run_settings.train.epochs),
        parameters=_parameters(run_settings),
        cost=_cost(run_settings, cell.seed),
        environment=_environment(),
    )


def _quality(score: float, epochs: int) -> Quality:
    right, half = round(score * TEST_ROWS), TEST_ROWS // 2
    false_positives = (TEST_ROWS - right) // 2
    false_negatives = TEST_ROWS - right - false_positives
    return Quality(
        test_accuracy=score,
        test_f1_macro=score - 0.0005,
        test_loss=0.6 - 0.4 * score,
        validation_accuracy=score + 0.002,
        selected_epoch=epochs,
        confusion=[[half - false_positives, false_positives], [false_negatives, half - false_negatives]],
        history=[
            Epoch(
                epoch=number,
                train_loss=0.7 / number,
                selection_loss=0.6 / number,
                selection_accuracy=score + 0.002 - 0.02 * (epochs - number),
            )
            for number in range(1, epochs + 1)
        ],
        weights_sha256="f" * 64,
    )


def _parameters(run: RunSettings) -> Parameters:
    total = {"distilbert": 612_354, "roberta": 640_898, "deberta": 671_234}.get(run.architecture, 600_000)
    head = 17_000
    trainable = total if run.method == "full" else head + int(total * SHARE[run.method] * (run.rank or 8) / 8)
    return Parameters(
        trainable=trainable,
        total=total,
        adapter=0 if run.method == "full" else trainable - head,
        head=head,
        new_but_frozen=0,
        trainable_but_dead=0,
    )


def _cost(run: RunSettings, seed: int) -> Cost:
    slower = {"distilbert": 1.0, "roberta": 1.1, "deberta": 1.9}.get(run.architecture, 1.0)
    seconds = SECONDS[run.method] * slower * (1 + (run.rank or 8) / 200) + 0.01 * seed
    extra = 8 * len(run.target_modules) + (run.rank or 0) + seed % 5
    return Cost(
        startup_seconds=7.5,
        train_seconds=seconds,
        evaluation_seconds=1.5,
        saving_seconds=0.1,
        step_seconds_median=seconds / 190,
        step_seconds_p95=seconds / 150,
        steps=188,
        tokens_per_second=90_000 / seconds,
        peak_memory_allocated_bytes=None,
        peak_memory_reserved_bytes=None,
        evaluation_peak_memory_allocated_bytes=None,
        evaluation_peak_memory_reserved_bytes=None,
        evaluation_peak_memory_host_bytes=200 * 2**20,
        baseline_memory_host_bytes=600 * 2**20,
        energy_joules=None,
        resumed_at_step=0,
        peak_memory_host_bytes=int((MEBIBYTES[run.method] * slower**0.5 + extra) * 2**20),
        checkpoint_bytes=2_400_000,
    )


def _environment() -> Environment:
    names = ("torch", "transformers", "peft", "bitsandbytes", "datasets", "accelerate", "tokenizers", "numpy", "dvc")
    return Environment(
        python="3.11.7",
        platform="Linux-x86_64",
        processor="Example CPU",
        packages={name: f"1.{index}.0" for index, name in enumerate(names)},
        commit="0123456789abcdef0123456789abcdef01234567",
        commit_subject="Runs of the fixtures",
        dirty=False,
        device="cpu",
        threads=2,
        runs_at_once=1,
        dataset_sha256={"train": "a" * 64, "validation": "b" * 64, "test": "c" * 64},
        checkpoint_sha256="d" * 64,
        checkpoint_revision=None,
    )


def make_card(**changes: object) -> Card:
    """The card of a generated corpus."""
    splits = {"train": (1500, 750), "validation": (500, 250), "test": (TEST_ROWS, 1000), "unsupervised": (16_000, 8000)}
    return Card(
        **{
            "source": "generated",
            "name": "generated reviews",
            "licence": "MIT",
            "ceiling_accuracy": 0.95,
            "deduplicate": True,
            "validation_from": "source",
            "conflicting_duplicates": 0,
            "leakage": Leakage(
                test_in_train_before=0, test_in_train_after=0, validation_in_train_after=0, test_in_unsupervised=0
            ),
            "splits": {
                name: SplitCard(
                    rows=rows,
                    rows_in_source=rows,
                    duplicates_removed=0,
                    class_counts={"0": rows - positive, "1": positive},
                    balance=positive / rows,
                    words=Words(median=25.0, p95=41.0, max=70),
                    sha256="e" * 64,
                )
                for name, (rows, positive) in splits.items()
            },
        }
        | changes
    )


def write_examples(text: str = "the plot is great") -> None:
    """A training split of two texts, of which the report quotes one a class."""
    frame = pd.DataFrame({"text": [text, "the cast of 1931 is dull"], "label": [1, 0]})
    frame.to_parquet("data/raw/train.parquet", index=False)


def make_baselines() -> Baselines:
    """A bag of words between the adapters and full fine-tuning."""
    bag = BagOfWords(test_accuracy=0.885, test_f1_macro=0.884, validation_accuracy=0.89, c=10.0, features=3800)
    return Baselines(
        majority=Majority(label=0, test_accuracy=0.5), tfidf_logistic_regression=bag, ceiling_accuracy=0.95
    )


def make_statistics(
    study: StudySettings, score: Callable[[Run], float] = accuracy, half_width: float = 0.013
) -> Statistics:
    """Intervals of a fixed width; pairs more than ``half_width`` and a half apart are distinguishable."""
    over = "examples and seeds" if len(study.seeds) > 1 else "examples"
    scores: dict[tuple[str, str], list[float]] = {}
    for cell in study.runs:
        scores.setdefault((cell.architecture, cell.configuration), []).append(score(cell))
    mean = {key: float(np.mean(values)) for key, values in scores.items()}

    def interval(centre: float) -> Interval:
        return Interval(low=centre - half_width, high=centre + half_width, over=over)

    def apart(a: str, first: str, second: str) -> bool:
        return abs(mean[a, second] - mean[a, first]) > 1.5 * half_width

    return Statistics(
        examples=TEST_ROWS,
        seeds=study.seeds,
        confidence=0.95,
        level=0.05,
        resamples=1000,
        random_seed=2025,
        accuracy=[
            Accuracy(
                architecture=a,
                configuration=c,
                mean=value,
                sd=float(np.std(scores[a, c], ddof=1)) if len(study.seeds) > 1 else None,
                interval=interval(value),
            )
            for (a, c), value in mean.items()
        ],
        comparisons=[
            Comparison(
                architecture=a,
                first=first,
                second=second,
                learning_rate_only=first.removesuffix("-probe") == second.removesuffix("-probe"),
                difference=mean[a, second] - mean[a, first],
                interval=interval(mean[a, second] - mean[a, first]),
                favouring_first=100,
                favouring_second=120,
                exact=False,
                p=0.0004 if apart(a, first, second) else 0.5,
                p_holm=0.0008 if apart(a, first, second) else 1.0,
                verdict="distinguishable" if apart(a, first, second) else "not distinguishable",
            )
            for a in study.architectures
            for first, second in compared(study)
        ],
        frontiers=[
            Frontier(among=among, cost=cost, architecture=a, configuration=c, on_frontier=True, probability=0.75)
            for among in ("architecture", "all")
            for cost in ("peak_memory", "train_seconds")
            for a in study.architectures
            for c in study.headline
        ],
        calibration=[
            Calibration(
                architecture=cell.architecture,
                configuration=cell.configuration,
                seed=cell.seed,
                expected_calibration_error=0.031,
                brier_score=0.091,
                true_negatives=900,
                false_positives=100,
                false_negatives=100,
                true_positives=900,
            )
            for cell in study.runs
        ],
        limits=limits(len(study.seeds)),
    )


def make_census(study: StudySettings) -> Census:
    """Predictions two per cent above the printed peaks."""
    segments = reported.segments()
    printed = {(run.architecture, run.configuration): run.peak_vram_gb for run in segments[::-1].itertuples()}

    def cell(architecture: str, configuration: str) -> CensusCell:
        peak = int(1.02 * printed.get((architecture, configuration), 1.0) * 2**30)
        counts = dict.fromkeys(("new_but_frozen", "trainable_but_dead"), 0)
        memory = PredictedMemory(weights=peak // 2, gradients=1, optimizer=1, activations=1, peak=peak)
        totals = {"total": 100, "total_packed_4bit": 60, "trainable": 10, "adapter": 5, "head": 5}
        return CensusCell(**counts, **totals, precision="fp32", predicted_memory=memory)

    grid = {a: {c: cell(a, c) for c in study.configurations} for a in study.architectures}
    return Census({"corrected": grid, "as-published": grid})


def judge_published_study() -> None:
    """Everything that follows from the published figures, in the current folder; needs ``metrics/runs.csv``."""
    for name in ("data/reported", "stages/published"):
        shutil.copytree(ROOT / name, name, ignore=shutil.ignore_patterns("*.py", "__pycache__"), dirs_exist_ok=True)
    make_census(StudySettings.read()).write()
    reconcile.main()
    claims.main()


def write_base_report(architecture: str) -> None:
    """The report of a pretraining that helped."""
    report = {
        "source": "pretrain",
        "revision": None,
        "checkpoint_sha256": "d" * 64,
        "files": {"config.json": "c" * 64, "model.safetensors": "d" * 64},
        "parameters": 595_000,
        "vocab_size": 2000,
        "steps": 700,
        "seconds": 41.234,
        "mlm_loss_first": 7.62,
        "mlm_loss_last": 3.11,
        "mlm_loss_unigram": 5.42,
        "rating_accuracy": 0.93,
        "probe_accuracy": 0.79,
        "probe_accuracy_random": 0.61,
    }
    path = Path("metrics/base", f"{architecture}.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def write_lengths(architecture: str, centre: int, max_length: int) -> None:
    """The tokenised training split, with the columns that the figures read."""
    lengths = np.random.default_rng(centre).gamma(9.0, centre / 9.0, 1500).astype(int) + 6
    columns = {
        "label": [row % 2 for row in range(len(lengths))],
        "length": np.minimum(lengths, max_length).tolist(),
        "true_length": lengths.tolist(),
    }
    datasets.disable_progress_bars()
    datasets.Dataset.from_dict(columns).save_to_disk(f"data/tokenized/{architecture}/train")
