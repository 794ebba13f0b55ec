"""What a search can be asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from vgg_keras.config.base import MOST, MOST_FILTERS, RunConfig, option_of
from vgg_keras.config.lists import Choices
from vgg_keras.errors import require

MOST_WORKERS = 1024


@dataclass(frozen=True)
class SearchConfig(RunConfig):
    """What `vgg-keras search` can be asked for.

    Attributes:
        model: mnist, whose filter counts and the like are chosen as below, or FILE.py:factory, a
            function of KerasTuner's hp that returns a keras.Model.
        trainer: tape (the tf.GradientTape loop), fit (compile and fit), step (fit with an
            overridden train_step), or FILE.py:name, a loop or steps of your own.
        algorithm: random, grid, hyperband, or bayesian (needs the extra `bayesian`).
        trials: Number of models to try; hyperband tries as many as its brackets hold.
        executions: Trainings of each trial, from other seeds; its score is their mean.
        workers: Processes that run trials side by side, each with its share of the cores; auto is
            as many as there are cores and trials.
        objective: What a trial is scored by on images held out of the training set: val_accuracy,
            val_loss, or another figure of the model.
        validation_split: Share of the training images that is held out, alike in every class.
        filters_choices: Filter counts of each block, such as 8:64:8 or 16,32,64.
        blocks_choices: Numbers of blocks.
        convolutions_choices: Numbers of convolutions in a block.
        dense_choices: Units of the dense layer.
        learning_rate_choices: Learning rates of Adam.
        batch_size_choices: Batch sizes, instead of `batch_size`.
        retrain_epochs: Train the best design at the end for so many epochs on the whole data set,
            whatever `limit` is; default as in its trial, within `limit`.
    """

    model: str = "mnist"
    trainer: str = "fit"
    algorithm: Literal["random", "bayesian", "hyperband", "grid"] = "random"
    trials: int = 10
    executions: int = 1
    workers: int | Literal["auto"] = 1
    objective: str = "val_accuracy"
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
        expected = "mnist, or FILE.py:factory, a function of hp"
        require(self.is_users_model or self.model == "mnist", "--model", expected, self.model)
        for option in fields(self):
            if option.name.endswith("_choices") and option.name != "batch_size_choices":
                chosen = getattr(self, option.name)
                expected = "none with a model of your own, whose factory chooses"
                unused = not self.is_users_model or chosen == option.default
                require(unused, option_of(option.name), expected, chosen)
        expected = "a figure of the validation, such as val_accuracy or val_loss"
        require(self.objective.startswith("val_"), "--objective", expected, self.objective)
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

    @property
    def is_users_model(self) -> bool:
        """Whether models are made by a function of the user's."""
        return ":" in self.model

    @property
    def objective_of_tuner(self) -> Any:
        """The objective as KerasTuner takes it."""
        from keras_tuner import Objective

        return Objective(self.objective, self.direction)

    @property
    def direction(self) -> Literal["min", "max"]:
        """Which way the objective is better."""
        return direction_of(self.objective)


def direction_of(objective: str) -> Literal["min", "max"]:
    """Which way a figure is better: losses and errors when they are low, others when high."""
    low = ("loss", "error", "mse", "mae", "crossentropy", "divergence")
    return "min" if any(word in objective for word in low) else "max"
