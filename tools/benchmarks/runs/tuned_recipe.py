"""The same runs by a Hugging Face ``Trainer`` as a careful user sets it today.

Texts in memory, padded to the longest of a batch of 16, batches of similar length, fused AdamW, no gradient
checkpointing, the validation split evaluated in large batches by length, weights alone saved and only of a better
epoch, nothing logged; bf16 where the study takes it and the model bears it; on a GPU TF32 elsewhere, and few widths.
Like the published recipe it shares no code with the study, and the last line of its output is one JSON object.
"""

import json
import sys
from pathlib import Path

import torch
from datasets import load_from_disk
from transformers import AutoTokenizer, DataCollatorWithPadding, Trainer, TrainingArguments, set_seed

from tools.benchmarks.runs.published_recipe import Clock, accuracy, build, report

COLUMNS = ["input_ids", "attention_mask", "label"]
BATCH_SIZE = 16
WIDTHS = 32  # of batches are multiples of this on a GPU: its libraries plan each width anew


def main(architecture: str, configuration: str, seed: int) -> dict[str, float | int | None]:
    """Train, select on the validation split, and evaluate one run; what it cost."""
    run = json.loads(Path("data/settings/runs", architecture, f"{configuration}.json").read_text(encoding="utf-8"))
    checkpoint, data = Path("models/base", architecture), Path("data/tokenized", architecture)
    set_seed(seed)
    splits = {split: load_from_disk(str(data / split)) for split in ("train", "validation", "test")}
    classes = splits["train"].features["label"].num_classes
    rows = {split: texts.select_columns(COLUMNS).to_list() for split, texts in splits.items()}
    lower = torch.bfloat16 if run["precision"] == "bf16" else torch.float32
    model = build(run, checkpoint, classes, lower, checkpointing=False)
    clock = Clock()
    trainer = Trainer(
        model=model,
        args=training_arguments(run, seed, in_bf16=lower is torch.bfloat16 and takes_bf16(model)),
        train_dataset=rows["train"],
        eval_dataset=by_length(rows["validation"]),
        data_collator=DataCollatorWithPadding(
            AutoTokenizer.from_pretrained(checkpoint), pad_to_multiple_of=WIDTHS if torch.cuda.is_available() else None
        ),
        compute_metrics=accuracy,
        callbacks=[clock],
    )
    trainer.train()
    return report(clock, trainer.evaluate(by_length(rows["test"]))["eval_accuracy"])


def by_length(rows: list[dict]) -> list[dict]:
    return sorted(rows, key=lambda row: len(row["input_ids"]))


def takes_bf16(model: torch.nn.Module) -> bool:
    """Whether Transformers' code of the model bears autocast: DeBERTa's with 4-bit layers does not.

    Those answer in fp32, whose lowest number, which DeBERTa then masks scores with, bf16 lacks.
    """
    device = next(model.parameters()).device
    ids = torch.ones(1, 2, dtype=torch.long, device=device)
    try:
        with torch.autocast(device.type, torch.bfloat16):
            model.train()(input_ids=ids, attention_mask=ids)
    except RuntimeError as error:
        print(f"note: in fp32, as in bf16 it fails: {error}")
        return False
    return True


def training_arguments(run: dict, seed: int, in_bf16: bool) -> TrainingArguments:
    """What is not named is the default."""
    is_on_gpu = torch.cuda.is_available()
    return TrainingArguments(
        output_dir=f"tuned/{seed}",
        seed=seed,
        num_train_epochs=run["train"]["epochs"],
        per_device_train_batch_size=BATCH_SIZE,
        per_device_eval_batch_size=run["train"]["evaluation_batch_size"],
        train_sampling_strategy="group_by_length",
        learning_rate=run["learning_rate"],
        optim="adamw_torch_fused",
        bf16=in_bf16,
        tf32=is_on_gpu or None,
        eval_strategy="epoch",
        save_strategy="best",
        save_only_model=True,
        save_total_limit=1,
        load_best_model_at_end=True,
        metric_for_best_model="accuracy",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=is_on_gpu,
        use_cpu=not is_on_gpu,
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
