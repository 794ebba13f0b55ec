"""What `train` leaves: a training, its figures and its test."""

from __future__ import annotations

from dataclasses import dataclass, field

from vgg_keras.runs.record import Record
from vgg_keras.runs.results.result import Result

Figures = dict[str, list[float | None]]
"""One figure an epoch, by metric; None for one that is not finite."""


@dataclass(frozen=True)
class Test(Record):
    """What a trained model reached on the test images.

    Attributes:
        loss: Mean loss.
        accuracy: Share of the images that it gets right, from 0 to 1; None if it is no classifier.
        correct: Number of images that it gets right; None likewise.
        total: Number of test images.
        metrics: The model's other figures, by name.
    """

    __test__ = False  # pytest takes classes of this name for tests

    loss: float | None
    accuracy: float | None
    correct: int | None
    total: int
    metrics: dict[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Mistake(Record):
    """A test image that a model takes for another class.

    Attributes:
        index: Index among the test images, from 0.
        label: True class.
        predicted: Class that it is taken for.
        probability: Probability of that class, from 0 to 1.
        png: The image, in base64.
    """

    index: int
    label: int
    predicted: int
    probability: float
    png: str


@dataclass(frozen=True)
class Run(Record):
    """One training.

    Attributes:
        trainer: Name of the trainer or variant, as the user gave it.
        seed: Seed of the training.
        epochs_done: Number of epochs.
        history: Figures of each epoch by itself, by metric.
        cumulative: Figures over all epochs so far; losses are means of batch means.
        digests: sha256 over weights, optimizer variables and metric results, one an epoch.
        seconds_per_epoch: Time of each epoch, validation included.
        first_step_seconds: Time of the first step, tracing and compilation included.
        images_per_second: Speed at the median step.
        peak_rss_bytes: Peak memory of the process up to the end of this training.
        test: What the trained model reached on the test images.
        test_interval: Wilson's 95 % interval of the test accuracy: what another draw of as many
            images may change.
        wrong: Indices of the test images that the model gets wrong, from 0, ascending.
        mistakes: The most confidently wrong test images, the worst first.
        confusion: Numbers of test images, by true class and by the class that they are taken for;
            None if the model is no classifier.
        parameters: Number of parameters of the model.
    """

    trainer: str
    seed: int
    epochs_done: int
    history: Figures
    cumulative: Figures
    digests: list[str]
    seconds_per_epoch: list[float]
    first_step_seconds: float | None
    images_per_second: float | None
    peak_rss_bytes: int
    test: Test
    test_interval: list[float] | None
    wrong: list[int] | None
    mistakes: list[Mistake]
    confusion: dict[str, dict[str, int]] | None = None
    parameters: int | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class TrainResult(Result):
    """What `train` leaves.

    Attributes:
        runs: The training; empty until it has ended.
    """

    runs: list[Run] = field(default_factory=list)

    @property
    def history(self) -> Figures:
        """The figures of each epoch, by metric."""
        return self.runs[0].history
