"""A run of the study as anyone would write it: Hugging Face ``Trainer``, Transformers and PEFT alone.

It shares no code with the study: from its folder it reads the texts, the base model and the run's settings, and
tokenises, builds, trains, selects and tests by itself. Its argument is a ``Request`` as JSON, the last line of its
output an ``Answer``.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import peft
import torch
import transformers
from datasets import Dataset
from pydantic import BaseModel
from transformers import (
    AutoConfig,
    AutoTokenizer,
    DataCollatorWithPadding,
    EvalPrediction,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainingArguments,
    set_seed,
)


class Request(BaseModel):
    """``steps``: of training, with ``order`` (row numbers) in place of shuffling, in fp32 and without dropout.

    Without them the run is trained to its end, as its settings say, and tested.
    """

    architecture: str
    configuration: str
    seed: int
    steps: int | None = None
    order: list[int] | None = None


class Answer(BaseModel):
    """Training losses of the steps, or accuracies as fractions, of the selected epoch."""

    losses: list[float]
    validation_accuracy: float | None = None
    test_accuracy: float | None = None


class Stop(TrainerCallback):
    """Ends training after some steps of a schedule that is longer."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(self, args, state, control: TrainerControl, **_) -> None:
        control.should_training_stop = state.global_step >= self.steps


def main(request: Request) -> Answer:
    """Train as asked, in the current folder."""
    path = Path("data/settings/runs", request.architecture, f"{request.configuration}.json")
    run = json.loads(path.read_text(encoding="utf-8"))
    torch.set_num_threads(run["train"]["threads"])
    checkpoint = Path("models/base", request.architecture)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint, truncation_side=run["truncation_side"])
    splits = {name: tokenised(name, tokenizer, run["max_length"]) for name in ("train", "validation", "test")}
    train = splits["train"] if request.order is None else splits["train"].select(request.order)
    set_seed(request.seed)
    trainer = Trainer(
        model=build(run, checkpoint, with_dropout=request.steps is None),
        args=arguments(run, request),
        train_dataset=train,
        eval_dataset=splits["validation"],
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=accuracy,
        callbacks=[] if request.steps is None else [Stop(request.steps)],
    )
    trainer.train()
    losses = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    if request.steps is not None:
        return Answer(losses=losses)
    return Answer(
        losses=losses,
        validation_accuracy=trainer.state.best_metric,
        test_accuracy=trainer.evaluate(splits["test"])["eval_accuracy"],
    )


def tokenised(split: str, tokenizer: transformers.PreTrainedTokenizerBase, max_length: int) -> Dataset:
    """A split's texts as token ids, with their labels."""
    frame = pd.read_parquet(f"data/raw/{split}.parquet")
    tokens = tokenizer(frame["text"].tolist(), truncation=True, max_length=max_length)
    return Dataset.from_dict({**tokens, "labels": frame["label"].tolist()})


def build(run: dict, checkpoint: Path, with_dropout: bool) -> torch.nn.Module:
    """The classifier, with an adapter if the run has one."""
    config = AutoConfig.from_pretrained(checkpoint, num_labels=2)
    for key, value in config.to_dict().items():
        if "dropout" in key and isinstance(value, float) and not with_dropout:
            setattr(config, key, 0.0)
    model = getattr(transformers, run["model_class"]).from_pretrained(checkpoint, config=config, dtype=torch.float32)
    if run["adapter"] is None:
        return model
    options = run["adapter"] if with_dropout else run["adapter"] | {"lora_dropout": 0.0}
    config = peft.get_peft_config({**options, "task_type": "SEQ_CLS", "target_modules": run["target_modules"]})
    return peft.get_peft_model(model, config)


def arguments(run: dict, request: Request) -> TrainingArguments:
    """As the run's settings have it; what is not named is the default."""
    in_full = request.steps is None
    train = run["train"]
    return TrainingArguments(
        output_dir=f"plain/{request.architecture}-{request.configuration}-{request.seed}",
        seed=request.seed,
        num_train_epochs=train["epochs"],
        per_device_train_batch_size=train["batch_size"],
        per_device_eval_batch_size=train["evaluation_batch_size"],
        gradient_accumulation_steps=train["gradient_accumulation"],
        learning_rate=run["learning_rate"],
        lr_scheduler_type=train["schedule"],
        optim=run["optimizer"],
        bf16=in_full and run["precision"] == "bf16",
        train_sampling_strategy="random" if in_full else "sequential",
        eval_strategy="epoch" if in_full else "no",
        save_strategy="epoch" if in_full else "no",
        load_best_model_at_end=in_full,
        metric_for_best_model="accuracy",
        save_total_limit=1,
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        use_cpu=True,
    )


def accuracy(prediction: EvalPrediction) -> dict[str, float]:
    return {"accuracy": float(np.mean(prediction.predictions.argmax(-1) == prediction.label_ids))}


if __name__ == "__main__":
    print(main(Request.model_validate_json(sys.argv[1])).model_dump_json())
