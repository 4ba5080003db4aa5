"""The model card of a run, from its record: README.md of its folder, with metadata as the hub reads them.

Nothing in it depends on where or when the run was made, so that a run's folder is the same bytes in every clone.
"""

import json
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from stages.saved.base_beside import WEIGHTS
from stages.saved.loading_example import loading_example
from stages.saved.saved_run import ADAPTER, BASE
from stages.training.record import RELOAD_TOLERANCE, Record, Reload
from stages.training.settings import RunSettings

LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "tokenizers")


def write_card(record: Record, classes: list[str], folder: Path) -> None:
    """Write README.md into a run's folder.

    Args:
        classes: their names by id.
    """
    settings = record.run.settings
    is_adapter = (folder / ADAPTER).exists()
    parts = [
        f"# {name(record)}",
        summary(settings),
        f"## Results\n\n{results(record)}",
        f"## Classes\n\nBy id, as JSON:\n\n    {json.dumps(classes, ensure_ascii=False)}",
        f"## Loading\n\n{loading_example(settings, is_adapter, (folder / BASE / WEIGHTS).exists())}",
        f"## Check\n\n{check(record.reload)}",
        f"## Training\n\n{table(training(record))}",
    ]
    content = f"---\n{metadata(record, is_adapter).to_yaml()}\n---\n\n" + "\n\n".join(parts) + "\n"
    (folder / "README.md").write_text(str(ModelCard(content)), encoding="utf-8")


def name(record: Record) -> str:
    return f"{record.run.architecture} {record.run.configuration}, seed {record.run.seed}"


def metadata(record: Record, is_adapter: bool) -> ModelCardData:
    """With the test scores as evaluation results; a base is named where others can get it, on the hub."""
    settings, quality = record.run.settings, record.quality
    known = {
        "task_type": "text-classification",
        "dataset_type": settings.data_hub_id or "text-classification",
        "dataset_name": settings.data_hub_id or f"the study's test split, profile {settings.profile}",
        "dataset_split": "test",
        "dataset_revision": settings.data_revision,
    }
    return ModelCardData(
        library_name="peft" if is_adapter else "transformers",
        pipeline_tag="text-classification",
        base_model=settings.checkpoint_hub_id,
        datasets=settings.data_hub_id,
        model_name=name(record),
        metrics=["accuracy", "f1"],
        tags=[settings.kind],
        eval_results=[
            EvalResult(metric_type="accuracy", metric_name="Accuracy", metric_value=quality.test_accuracy, **known),
            EvalResult(metric_type="f1", metric_name="Macro-F1", metric_value=quality.test_f1_macro, **known),
            EvalResult(metric_type="loss", metric_name="Cross-entropy", metric_value=quality.test_loss, **known),
        ],
    )


def summary(settings: RunSettings) -> str:
    """One sentence: which class, what trained, on what."""
    base = f"the study's own base model `{settings.architecture}`"
    if settings.checkpoint_hub_id is not None:
        base = f"`{settings.checkpoint_hub_id}` at commit `{settings.checkpoint_revision}`"
    if settings.checkpoint_package is not None:
        base = f"the checkpoint in the Python package `{settings.checkpoint_package}`"
    what = {
        "full": "all weights trained",
        "subset": "the head and a part of its own weights trained",
        "peft": f"the head and an adapter of PEFT trained ({(settings.adapter or {}).get('peft_type')})",
    }[settings.method]
    if settings.is_quantized:
        what += f", the frozen linear layers in {settings.quantization}"
    return f"A `{settings.model_class}` from {base}: {what}."


def results(record: Record) -> str:
    """Of the test split, which played no part in training, nor in selection unless the protocol selects on it."""
    quality = record.quality
    rows = sum(map(sum, quality.confusion))
    selected = f"Epoch {quality.selected_epoch} of {len(quality.history)} was kept"
    if record.run.settings.load_best:
        selected += f", the best on the {record.run.settings.selection_split} split"
    scores = table(
        {
            "accuracy": f"{quality.test_accuracy:.4f}",
            "macro-F1": f"{quality.test_f1_macro:.4f}",
            "cross-entropy (nats)": f"{quality.test_loss:.4f}",
            "rows": rows,
        }
    )
    return f"{scores}\n\n{selected}. `predictions.parquet` has label, prediction and probabilities of every row."


def check(reload: Reload | None) -> str:
    """Whether the folder gives what the run gave."""
    if reload is None:
        return "Not made."
    if reload.fault is not None:
        return f"Loaded anew ({reload.loaded}), it is **not** the model that was trained: `{reload.fault}`."
    return (
        f"Loaded anew ({reload.loaded}), it gave the probabilities of `predictions.parquet` within "
        f"{RELOAD_TOLERANCE:g} on {reload.rows} of its rows."
    )


def training(record: Record) -> dict[str, object]:
    """Settings and counts, by name."""
    settings, parameters = record.run.settings, record.parameters
    train = settings.train
    adapter = {f"adapter.{key}": value for key, value in sorted((settings.adapter or {}).items())}
    libraries = {key: record.environment.packages[key] for key in LIBRARIES if key in record.environment.packages}
    return {
        "learning rate": f"{settings.learning_rate:g}",
        "schedule": f"{train.schedule}, warm-up {train.warmup:g}",
        "epochs": train.epochs,
        "batch size": train.batch_size * train.gradient_accumulation,
        "optimiser": settings.optimizer,
        "weight decay": f"{train.weight_decay:g}",
        "precision": settings.precision,
        "quantisation": settings.quantization,
        "tokens of a text, at most": settings.max_length,
        "longer texts": "their last tokens" if settings.truncation_side == "left" else None,
        "adapted modules": settings.target_modules,
        "trained parameters by name": settings.parameters or None,
        **adapter,
        "parameters": parameters.total,
        "of them trained": f"{parameters.trainable} ({parameters.head} in the head)",
        "SHA-256 of the weights": record.quality.weights_sha256,
        "SHA-256 of the base": record.environment.checkpoint_sha256,
        "SHA-256 of the pickle that the base was converted from": record.environment.checkpoint_pickle_sha256,
        "SHA-256 of the tokenised test split": record.environment.dataset_sha256["test"],
        "libraries": ", ".join(f"{key} {version}" for key, version in libraries.items()),
    }


def table(values: dict[str, object]) -> str:
    """Markdown of two columns; what has no value is left out."""
    rows = [f"| {key} | {cell(value)} |" for key, value in values.items() if value is not None]
    return "\n".join(["| | |", "|---|---|", *rows])


def cell(value: object) -> str:
    """A value as text in a table, whatever characters it has."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    for character in "\\|`*_<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())
