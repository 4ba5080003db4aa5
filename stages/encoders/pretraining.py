"""Pretrain a miniature encoder: masked LM on every row, rating prediction on the rated ones.

Masked LM alone teaches a small encoder that words of one grammatical class are interchangeable, "dull"
and "witty" among them, and fine-tuning then starts behind random initialisation. Predicting the ratings
of reviews of *other* products from the first token, the position that every classification head reads,
teaches what a rating is without one labelled film review. A rating is any class of the data; with no rated
rows it is masked LM alone.

Masked LM comes first, by itself (``mlm_first``): words that turn others round are learnt from ratings only once the
encoder can tell what stands where, and ratings learnt from the first step on keep it at sums over words.
"""

import time
from collections.abc import Iterator
from itertools import chain

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from stages.encoders.corpus import UNRATED, Corpus
from stages.encoders.settings import PretrainedBase

MASKED = 0.15  # share of tokens to predict; of these 80 % masked, 10 % random, 10 % kept (BERT's recipe)
WARM_UP = 0.1  # share of the steps
WEIGHT_DECAY = 0.01
HELD_OUT = 0.05  # share of the rows
HELD_OUT_MOST = 1000
EVALUATION_BATCH = 128
POOL = 20  # batches sorted by length together: less padding
PROGRESS_SECONDS = 10


class Pretraining:
    """One pretraining run of one encoder; seed torch before building the encoder.

    Args:
        corpus: at least one row; some are held out, a lone one is learnt from too.
        classes: that a rating can have.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        tokenizer: PreTrainedTokenizerFast,
        corpus: Corpus,
        settings: PretrainedBase,
        classes: int,
    ):
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.settings = settings
        self.vocabulary = len(tokenizer)
        width = encoder.config.hidden_size
        # Untied: tied to the input embeddings, the output layer pulls words of one class together.
        self.heads = nn.ModuleDict({"mlm": nn.Linear(width, self.vocabulary), "rating": nn.Linear(width, classes)})
        self.rng = torch.Generator().manual_seed(settings.seed)
        order = torch.randperm(len(corpus.ids), generator=self.rng).tolist()
        held_out = max(min(int(len(order) * HELD_OUT), HELD_OUT_MOST), 1)
        self.held_out = corpus.take(order[:held_out])
        self.train = corpus.take(order[held_out:] or order)

    def fit(self) -> None:
        """Train encoder and heads in place."""
        settings = self.settings
        parameters = [*self.encoder.parameters(), *self.heads.parameters()]
        optimizer = torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=WEIGHT_DECAY, fused=True)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, self._rate)
        started = shown = time.monotonic()
        self.encoder.train()
        for step, rows in enumerate(self._batches(), start=1):
            loss = self._loss(rows, with_ratings=step > settings.mlm_first * settings.steps)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            scheduler.step()
            now = time.monotonic()
            if now - shown > PROGRESS_SECONDS or step == settings.steps:
                shown = now
                left = (now - started) / step * (settings.steps - step)
                print(f"step {step}/{settings.steps}, loss {loss.item():.3f}, {left:.0f} s left", flush=True)

    def evaluate(self) -> dict[str, float | None]:
        """Held-out ``mlm_loss``, that of the unigram predictor, and ``rating_accuracy``; same masks at each call.

        ``mlm_tokens`` counts the predicted tokens; without any there is no loss (None), as there is no accuracy without
        a rated row.
        """
        rng = torch.Generator().manual_seed(self.settings.seed)
        unigram = self._unigram()
        loss = unigram_loss = hits = 0.0  # sums over tokens, tokens and rated rows
        tokens = rated = 0
        self.encoder.eval()
        with torch.inference_mode():
            for start in range(0, len(self.held_out.ids), EVALUATION_BATCH):
                stop = min(start + EVALUATION_BATCH, len(self.held_out.ids))
                batch = self.held_out.take(list(range(start, stop)))
                ratings = torch.tensor(batch.ratings)
                all_rows = torch.ones_like(ratings, dtype=torch.bool)
                logits, targets, _ = self._forward(batch, all_rows, rng)
                loss += functional.cross_entropy(logits, targets, reduction="sum").item()
                unigram_loss -= unigram[targets].sum().item()
                tokens += len(targets)
                _, _, guesses = self._forward(batch, ~all_rows, rng)  # a rating is guessed from the whole text
                is_rated = ratings >= 0
                hits += (guesses.argmax(-1) == ratings)[is_rated].sum().item()
                rated += is_rated.sum().item()
        return {
            "mlm_loss": loss / tokens if tokens else None,
            "mlm_loss_unigram": unigram_loss / tokens if tokens else None,
            "mlm_tokens": tokens,
            "rating_accuracy": hits / rated if rated else None,
        }

    def _loss(self, rows: list[int], with_ratings: bool) -> torch.Tensor:
        """The weighted sum of both objectives on one batch, or masked LM alone.

        Half of the rated rows are read whole: with a word in seven masked, a rating is often past guessing.
        """
        batch = self.train.take(rows)
        ratings = torch.tensor(batch.ratings if with_ratings else [UNRATED] * len(rows))
        masked = (ratings < 0) | (torch.rand(ratings.shape, generator=self.rng) < 0.5)
        logits, targets, guesses = self._forward(batch, masked, self.rng)
        # The sums over nothing of a batch without targets or ratings are zero, where means would be NaN.
        mlm = functional.cross_entropy(logits, targets, reduction="sum") / max(len(targets), 1)
        rating = functional.cross_entropy(guesses, ratings, ignore_index=UNRATED, reduction="sum")
        rating = rating / max(int((ratings >= 0).sum()), 1)
        return (self.settings.mlm_weight if with_ratings else 1.0) * mlm + rating

    def _forward(self, batch: Corpus, masked: torch.Tensor, rng: torch.Generator) -> tuple[torch.Tensor, ...]:
        """Logits (targets, vocabulary), targets (targets,) and rating logits (rows, classes).

        Only the rows chosen by the booleans ``masked`` (rows,) have targets.
        """
        inputs = batch.inputs(self.tokenizer.pad_token_id)
        padded = inputs["input_ids"]
        inputs["input_ids"], chosen = self._mask(padded, masked, rng)
        hidden = self.encoder(**inputs).last_hidden_state
        return self.heads["mlm"](hidden[chosen]), padded[chosen], self.heads["rating"](hidden[:, 0])

    def _mask(
        self, ids: torch.Tensor, masked: torch.Tensor, rng: torch.Generator
    ) -> "tuple[torch.Tensor, torch.Tensor]":
        """Corrupted ids and the boolean mask of the positions to predict; never a special token."""
        special = torch.isin(ids, torch.tensor(self.tokenizer.all_special_ids))
        chosen = (torch.rand(ids.shape, generator=rng) < MASKED) & ~special & masked[:, None]
        turn = torch.rand(ids.shape, generator=rng)  # decides what a chosen position becomes
        random = torch.randint(self.vocabulary, ids.shape, generator=rng)
        corrupted = ids.masked_fill(chosen & (turn < 0.8), self.tokenizer.mask_token_id)
        return torch.where(chosen & (turn >= 0.9), random, corrupted), chosen

    def _batches(self) -> Iterator[list[int]]:
        """``steps`` batches of row numbers of similar length, every row once an epoch."""
        size = self.settings.batch_size
        count = len(self.train.ids)
        left = self.settings.steps
        while left:
            order = torch.randperm(count, generator=self.rng).tolist()
            for start in range(0, count, size * POOL):
                pool = order[start : start + size * POOL]
                pool.sort(key=lambda row: len(self.train.ids[row]))
                batches = [pool[i : i + size] for i in range(0, len(pool), size)]
                for i in torch.randperm(len(batches), generator=self.rng).tolist()[:left]:
                    left -= 1
                    yield batches[i]

    def _rate(self, step: int) -> float:
        """Of the learning rate at a step counted from 0: a linear rise, then a linear fall to zero."""
        steps = self.settings.steps
        warm_up = max(round(steps * WARM_UP), 1)
        rise = (step + 1) / warm_up
        fall = max(steps - step, 0) / max(steps - warm_up, 1)
        return min(rise, fall)

    def _unigram(self) -> torch.Tensor:
        """Log-probability a token id from its training count, add-one smoothed; shape (vocabulary,)."""
        tokens = torch.tensor(list(chain.from_iterable(self.train.ids)))
        special = torch.isin(tokens, torch.tensor(self.tokenizer.all_special_ids))
        counts = torch.bincount(tokens[~special], minlength=self.vocabulary) + 1
        return (counts / counts.sum()).log()
