"""What a search can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vgg_keras.config.base import MOST, MOST_FILTERS, RunConfig, option_of
from vgg_keras.config.lists import Choices
from vgg_keras.errors import require

MOST_WORKERS = 1024


@dataclass(frozen=True)
class SearchConfig(RunConfig):
    """What `vgg-keras search` can be asked for.

    Attributes:
        trainer: tape (the tf.GradientTape loop) or fit (compile and fit).
        algorithm: random, grid, hyperband, or bayesian (needs the extra `bayesian`).
        trials: number of models to try; hyperband tries as many as its brackets hold.
        executions: trainings of each trial, from other seeds; its score is their mean.
        workers: processes that run trials side by side, each with its share of the cores; auto
            chooses the fastest number by an estimate.
        objective: what a trial is scored by, on images held out of the training set.
        validation_split: share of the training images that is held out, alike in every class.
        filters_choices: filter counts of each block, such as 8:64:8 or 16,32,64.
        blocks_choices: numbers of blocks.
        convolutions_choices: numbers of convolutions in a block.
        dense_choices: units of the dense layer.
        learning_rate_choices: learning rates of Adam.
        batch_size_choices: batch sizes, instead of `batch_size`.
        retrain_epochs: train the best design at the end for so many epochs on the whole data set,
            whatever `limit` is; default as in its trial, within `limit`.
    """

    trainer: Literal["tape", "fit"] = "fit"
    algorithm: Literal["random", "bayesian", "hyperband", "grid"] = "random"
    trials: int = 10
    executions: int = 1
    workers: int | Literal["auto"] = 1
    objective: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    validation_split: float = 0.1
    filters_choices: Choices = Choices(range(8, 65, 8))
    blocks_choices: Choices = Choices([2])
    convolutions_choices: Choices = Choices([2])
    dense_choices: Choices = Choices([128])
    learning_rate_choices: Choices = Choices([0.001])
    batch_size_choices: Choices | None = None
    retrain_epochs: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("trials", "executions", "retrain_epochs"):
            value, expected = getattr(self, field), f"a number from 1 to {MOST}"
            require(value is None or 1 <= value <= MOST, option_of(field), expected, value)
        enough = self.workers == "auto" or 0 <= self.workers <= MOST_WORKERS
        expected = f"auto, or a number from 0 to {MOST_WORKERS}"
        require(enough, "--workers", expected, self.workers)
        share, expected = self.validation_split, "a share between 0 and 1"
        require(0 < share < 1, "--validation-split", expected, share)
        for field in ("filters", "blocks", "convolutions", "dense", "batch_size"):
            choices = getattr(self, f"{field}_choices")
            expected = f"numbers from 1 to {MOST_FILTERS}, such as 8:64:8"
            whole = choices is None or all(
                isinstance(choice, int) and 1 <= choice <= MOST_FILTERS for choice in choices
            )
            require(whole and choices != (), option_of(f"{field}_choices"), expected, choices)
        rates = self.learning_rate_choices
        positive = bool(rates) and all(0 < rate < float("inf") for rate in rates)
        require(positive, "--learning-rate-choices", "numbers above 0", rates)
        for field in ("filters", "blocks", "convolutions", "dense", "batch_size", "learning_rate"):
            choices = getattr(self, f"{field}_choices") or ()
            once = len(set(choices)) == len(choices)
            require(once, option_of(f"{field}_choices"), "each number once", choices)
