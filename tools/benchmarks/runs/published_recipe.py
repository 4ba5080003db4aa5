"""The published recipe as a plain script: Hugging Face ``Trainer`` as its defaults have it.

fp32, every text padded to the full length, batches of 8 accumulated twice, the test split evaluated after each epoch in
batches of 8, the default AdamW; QLoRA with gradient checkpointing and the paged optimiser, as published. It reads the
study's data, base model and settings in the current folder and shares no code with the study, so that it times what
anyone would write. The last line of its output is one JSON object.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import torch
import transformers
from datasets import load_from_disk
from peft import IA3Config, LoraConfig, TaskType, get_peft_model, prepare_model_for_kbit_training
from transformers import (
    AutoTokenizer,
    BitsAndBytesConfig,
    DataCollatorWithPadding,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)

HEADS = ["classifier", "score"]  # as PEFT has them, for an architecture whose settings name none


class Clock(TrainerCallback):
    """When the first step began, the seconds of epochs without evaluation, and from one step to the next."""

    def __init__(self) -> None:
        self.startup_seconds, self.seconds = None, 0.0
        self.steps: list[float] = []
        self.previous = None

    def on_step_begin(self, *_, **__) -> None:
        if self.startup_seconds is None:  # counted from boot: Linux knows the time of boot to the second only
            started = psutil.Process().create_time() - psutil.boot_time()
            self.startup_seconds = time.clock_gettime(time.CLOCK_BOOTTIME) - started
        now = time.perf_counter()
        if self.previous is not None:
            self.steps.append(now - self.previous)
        self.previous = now

    def on_epoch_begin(self, *_, **__) -> None:
        self.previous = None
        self.began = time.perf_counter()

    def on_epoch_end(self, *_, **__) -> None:
        if torch.cuda.is_available():  # which may still be at its last steps
            torch.cuda.synchronize()
        self.seconds += time.perf_counter() - self.began


def main(architecture: str, configuration: str, seed: int) -> dict[str, float | int | None]:
    """Train and evaluate one run; what it cost."""
    run = json.loads(Path("data/settings/runs", architecture, f"{configuration}.json").read_text(encoding="utf-8"))
    checkpoint, data = Path("models/base", architecture), Path("data/tokenized", architecture)
    set_seed(seed)
    columns = ["input_ids", "attention_mask", "label"]
    train, test = (load_from_disk(str(data / split)).select_columns(columns) for split in ("train", "test"))
    clock = Clock()
    # as published; a CPU has few fp16 kernels, and would take several times as long
    compute = torch.float16 if torch.cuda.is_available() else torch.float32
    trainer = Trainer(
        model=build(run, checkpoint, train.features["label"].num_classes, compute),
        args=training_arguments(run, seed),
        train_dataset=train,
        eval_dataset=test,
        data_collator=DataCollatorWithPadding(
            AutoTokenizer.from_pretrained(checkpoint), padding="max_length", max_length=run["max_length"]
        ),
        compute_metrics=accuracy,
        callbacks=[clock],
    )
    trainer.train()
    return report(clock, trainer.evaluate()["eval_accuracy"])


def accuracy(prediction: EvalPrediction) -> dict[str, float]:
    return {"accuracy": float(np.mean(prediction.predictions.argmax(-1) == prediction.label_ids))}


def report(clock: Clock, test_accuracy: float) -> dict[str, float | int | None]:
    """What a run cost, which is also the last line of this process's output."""
    is_on_gpu = torch.cuda.is_available()
    figures = {
        "startup_seconds": clock.startup_seconds,
        "train_seconds": clock.seconds,
        "step_seconds_median": float(np.median(clock.steps)) if clock.steps else clock.seconds,
        "test_accuracy": test_accuracy,
        "peak_memory_allocated_bytes": torch.cuda.max_memory_allocated() if is_on_gpu else None,
    }
    print(json.dumps(figures))
    return figures


def training_arguments(run: dict, seed: int) -> TrainingArguments:
    """As published; what is not named is the default."""
    return TrainingArguments(
        output_dir=f"published/{seed}",
        seed=seed,
        num_train_epochs=run["train"]["epochs"],
        per_device_train_batch_size=8,
        gradient_accumulation_steps=2,
        learning_rate=run["learning_rate"],
        optim="paged_adamw_8bit" if run["quantization"] != "none" else "adamw_torch",
        eval_strategy="epoch",
        save_strategy="epoch",
        save_total_limit=1,
        load_best_model_at_end=run["quantization"] == "none",
        metric_for_best_model="accuracy",
        report_to="none",
        use_cpu=not torch.cuda.is_available(),
    )


def build(
    run: dict, checkpoint: Path, classes: int, compute: torch.dtype = torch.float32, checkpointing: bool = True
) -> torch.nn.Module:
    """The classifier with the method's adapters, as PEFT's documentation shows.

    Args:
        compute: what 4-bit layers multiply in.
        checkpointing: of gradients, where the weights are quantised.
    """
    is_quantized = run["quantization"] != "none"
    quantisation = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=compute,
        llm_int8_skip_modules=run["head"] or HEADS,
    )
    model = getattr(transformers, run["model_class"]).from_pretrained(
        checkpoint, num_labels=classes, dtype=torch.float32, quantization_config=quantisation if is_quantized else None
    )
    if is_quantized:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=checkpointing)
    common = {
        "task_type": TaskType.SEQ_CLS,
        "target_modules": run["target_modules"],
        "modules_to_save": run["modules_to_save"],
    }
    if run["adapter"] is None:
        return model
    options = {key: value for key, value in run["adapter"].items() if key != "peft_type"}
    config_class = LoraConfig if run["adapter"]["peft_type"] == "LORA" else IA3Config
    return get_peft_model(model, config_class(**options, **common))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
