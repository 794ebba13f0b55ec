"""What a trainer is, for those who write their own.

There are two ways to hand a training in. The short one is **steps**: a function that makes the
training step and the test step of a model, which a shared loop runs. It is the notebook's cells,
nearly as they stand:

```python
import keras
import tensorflow as tf
from vgg_keras.trainers.contract import Steps

def mine(model):
    loss_object = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam()
    train_loss = keras.metrics.Mean(name="train_loss")
    train_accuracy = keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
    test_loss = keras.metrics.Mean(name="test_loss")
    test_accuracy = keras.metrics.SparseCategoricalAccuracy(name="test_accuracy")

    @tf.function
    def train_step(images, labels):
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_object(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables))
        train_loss(loss)
        train_accuracy(labels, predictions)

    @tf.function
    def test_step(images, labels):
        predictions = model(images, training=False)
        test_loss(loss_object(labels, predictions))
        test_accuracy(labels, predictions)

    metrics = [train_loss, train_accuracy, test_loss, test_accuracy]
    return Steps(train_step, test_step, metrics, optimizer)
```

The long one is a whole loop, with the signature of `Trainer`. It

- reads `model.optimizer`, and if the model is not compiled compiles it;
- calls `data.set_epoch(epoch)` before it iterates over `data.train`, and after each epoch validates
  on `data.test`;
- calls the ten hooks of `keras.callbacks.CallbackList` in the order in which `fit` does, with the
  running figures as logs, `loss` among them, and at the end of an epoch those of the validation
  under their names with `val_`;
- ends when `model.stop_training` is true.

A loop that is to go on where it was interrupted also starts at `model._initial_epoch` and calls
`model.train_function(iterator)` for each step, as `fit` does; one that does not is refused when it
is resumed. The smallest correct loop is the one in `fit.py`: whatever ends in `model.fit` with
these callbacks keeps the contract.

To give what `fit` gives, to the last bit, a loop also does what `fit` does:

- it weighs the loss of each batch by its examples (`sample_weight` of the metric), or a short last
  batch counts like a full one;
- it resets the metrics before each epoch and each validation;
- it adds `model.losses`, divided like the loss among the devices of a strategy, while the metric
  gets the undivided loss;
- it passes `training=True` in steps and `training=False` in validation;
- it runs a single step without a loop in the graph, in which oneDNN fuses other operations;
- it calls `optimizer.scale_loss`, which matters in float16, and at the end
  `optimizer.finalize_variable_values`, which matters with averaged weights.

`tape.py` and `loop.py` are such a loop.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Batches, StreamBatches
from vgg_keras.errors import InputError


class Steps(NamedTuple):
    """The steps of a training.

    Attributes:
        train_step: Trains on a batch: `train_step(x, y)` or `train_step(x, y, sample_weight)`. May
            return its figures by name; else they are the results of `metrics`.
        test_step: Tests a batch, likewise.
        metrics: The metrics that the steps update; they are reset before each epoch of training or
            testing that uses them. Those whose name begins with `train_` are used in training,
            with `test_` or `val_` in testing, others in both; of two with the same name the first
            is used in training and the last in testing.
        optimizer: The optimizer that `train_step` uses; None for the model's own.
    """

    train_step: Callable[..., Any]
    test_step: Callable[..., Any]
    metrics: Sequence[keras.Metric] = ()
    optimizer: keras.Optimizer | None = None

    @property
    def train_metrics(self) -> dict[str, keras.Metric]:
        """The metrics of training, by the names of their figures."""
        return _of_phase(reversed(self.metrics), ("train_",), ("test_", "val_"))

    @property
    def test_metrics(self) -> dict[str, keras.Metric]:
        """The metrics of testing, by the names of their figures."""
        return _of_phase(self.metrics, ("test_", "val_"), ("train_",))


def _of_phase(
    metrics: Iterable[keras.Metric], prefixes: tuple[str, ...], others: tuple[str, ...]
) -> dict[str, keras.Metric]:
    named = {}
    for metric in metrics:
        prefix = next((prefix for prefix in prefixes if metric.name.startswith(prefix)), "")
        if not metric.name.startswith(others):
            named[metric.name.removeprefix(prefix)] = metric
    return named


class Trainer(Protocol):
    """Trains a model in place.

    Args:
        model: Built model. If it is compiled, it keeps its optimizer, loss and metrics.
        data: Batches for training, and for validation after each epoch.
        config: Gives `epochs`, `steps_per_execution`, `jit_compile` and `learning_rate`.
        callbacks: Keras callbacks.
        verbose: Progress: 0 none, 1 or "auto" a bar, 2 a line an epoch.

    Returns:
        The history: one figure an epoch, by metric.
    """

    def __call__(  # noqa: D102
        self,
        model: keras.Model,
        data: Batches | StreamBatches,
        config: RunConfig,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: int | str = "auto",
    ) -> keras.callbacks.History: ...


def as_trainer(given: Any, name: str, run_steps: Callable[..., keras.callbacks.History]) -> Trainer:
    """Makes a trainer of a whole loop, or of a function that makes steps.

    Args:
        given: Takes `(model, data, config, callbacks, verbose)`, or `(model)`.
        name: Its name, for the message of an error.
        run_steps: The loop that runs steps.

    Raises:
        InputError: If it is neither.
    """
    expected = "steps(model) or train(model, data, config, callbacks, verbose)"
    try:
        signature = inspect.signature(given)
    except (TypeError, ValueError) as error:
        raise InputError(f"trainer {name}: expected {expected}, received {given!r}") from error
    if _takes(signature, 5):
        return given
    if _takes(signature, 1):
        return partial(run_steps, given)
    raise InputError(
        f"trainer {name}: expected {expected}, received {name}{signature}; a loop with another "
        "signature can be compared with fit by diagnose"
    )


def _takes(signature: inspect.Signature, count: int) -> bool:
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def make_steps(make: Callable[[keras.Model], Any], model: keras.Model) -> Steps:
    """Calls a function that makes steps.

    Raises:
        InputError: If it returns something else.
    """
    steps = make(model)
    if isinstance(steps, Mapping):
        steps = Steps(**steps)
    if isinstance(steps, tuple) and 2 <= len(steps) <= 4 and all(map(callable, steps[:2])):
        return Steps(*steps)
    name = getattr(make, "__name__", str(make))
    raise InputError(
        f"trainer {name}: expected Steps(train_step, test_step, metrics), received {steps!r}"
    )
