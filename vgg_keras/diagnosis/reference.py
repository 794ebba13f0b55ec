"""The step that `fit` makes from a given state with a given batch, and variations of it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.diagnosis.observer import State, dense, layers_of, set_state, state_of, trainable_of
from vgg_keras.runtime import compat


@dataclass(frozen=True)
class Batch:
    """Examples as `fit` passes them on: inputs, targets, and weights or None."""

    x: Any
    y: Any
    weights: Any = None

    @property
    def size(self) -> int:
        """Number of examples."""
        return len(tf.nest.flatten(self.x)[0])


@dataclass(frozen=True)
class Variation:
    """How a step differs from the one that `fit` makes.

    Attributes:
        training: What the model is called with.
        extra_losses: Whether losses of layers are added.
        sample_weight: Whether weights of examples count.
        normalised: Whether the loss is divided by their sum, and not by their number.
        flat_labels: Whether labels of shape `(batch,)` meet outputs of shape `(batch, 1)`, and each
            is compared with all.
        from_logits: Whether the loss takes the outputs for the other one of logits and
            probabilities.
        scaled: Whether the loss is scaled as the optimizer asks for.
        loss_weights: Whether the losses of several outputs are weighted.
        loss: Loss instead of the compiled one.
        one_hot: Whether it gets labels as rows that are 1 in one place.
        trainable: Which layers are trained, if not those that are in the compiled model.
    """

    training: bool = True
    extra_losses: bool = True
    sample_weight: bool = True
    normalised: bool = False
    flat_labels: bool = False
    from_logits: bool = False
    scaled: bool = True
    loss_weights: bool = True
    loss: keras.losses.Loss | None = None
    one_hot: bool = False
    trainable: tuple[bool, ...] | None = None


@dataclass(frozen=True)
class Forward:
    """What a step makes before its update.

    Attributes:
        outputs: Outputs of the model.
        loss: What gradients are taken of.
        unscaled_loss: The loss before it is scaled.
        gradients: Gradient of each trainable variable; None where there is none.
        after: State of the model, whose batch statistics may have changed.
    """

    outputs: Any
    loss: float
    unscaled_loss: float
    gradients: list[np.ndarray | None]
    after: State


class Reference:
    """A model that is trained as `fit` does, from any state.

    Args:
        model: Compiled model, built.

    Attributes:
        model: The model.
        initial: Its state at the beginning.
        loss: Its loss; None if it has several, or none.
    """

    def __init__(self, model: keras.Model):
        self.model = model
        self.initial = state_of(model)
        several = isinstance(model.loss, dict | list | tuple)
        self.loss: Any = None if several else keras.losses.get(model.loss)

    @property
    def takes_logits(self) -> bool:
        """Whether the loss has a `from_logits` setting."""
        if isinstance(self.loss, keras.losses.Loss):
            return "from_logits" in self.loss.get_config()
        return self.loss is not None and "from_logits" in inspect.signature(self.loss).parameters

    def set_scale(self, scale: float | None) -> None:
        """Multiplies the loss as a loop does, whose optimizer may have changed its factor."""
        optimizer = self.model.optimizer
        if scale is not None and isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer.dynamic_scale.assign(scale)

    def forward(self, state: State, batch: Batch, how: Variation = Variation()) -> Forward:
        """Computes outputs, loss and gradients."""
        model = self.model
        set_state(model, state)
        parts = (batch.x, batch.y, batch.weights)
        x, y, weights = (None if part is None else as_tensors(part) for part in parts)
        flags = trainable_of(model) if how.trainable is None else how.trainable
        with training(model, flags), tf.GradientTape() as tape:
            outputs = compat.call_of(model)(x, training=how.training)
            loss = self._loss(x, y, outputs, weights if how.sample_weight else None, how)
            if how.normalised:
                loss = loss * (batch.size / np.sum(batch.weights))
            scaled = model.optimizer.scale_loss(loss) if how.scaled else loss
        variables = [variable.value for variable in model.trainable_variables]
        gradients = tape.gradient(scaled, variables)
        return Forward(
            tf.nest.map_structure(np.array, outputs),
            float(scaled),
            float(loss),
            [None if gradient is None else dense(gradient) for gradient in gradients],
            state_of(model),
        )

    def _loss(self, x: Any, y: Any, outputs: Any, weights: Any, how: Variation) -> Any:
        model = self.model
        if how.flat_labels or how.from_logits or how.loss:
            loss = self._changed_loss(y, outputs, weights, how)
            return loss + sum(model.losses) if how.extra_losses and model.losses else loss
        weighted = nullcontext() if how.loss_weights else compat.without_loss_weights(model)
        with weighted:
            loss = compat.loss_of(model)(x, y, outputs, weights, training=how.training)
        return loss if how.extra_losses or not model.losses else loss - sum(model.losses)

    def _changed_loss(self, y: Any, outputs: Any, weights: Any, how: Variation) -> Any:
        loss: Any = how.loss or self.loss
        outputs = tf.identity(outputs)  # Keras remembers the logits of a softmax
        if how.from_logits and not how.loss and isinstance(loss, keras.losses.Loss):
            config = loss.get_config()
            loss = type(loss).from_config({**config, "from_logits": not config["from_logits"]})
        elif how.from_logits and not how.loss:
            loss = functools.partial(loss, from_logits=True)
        if how.one_hot:
            y = tf.one_hot(tf.reshape(y, (-1,)), outputs.shape[-1])
        if how.flat_labels:
            y, outputs = (
                tf.reshape(tf.cast(y, outputs.dtype), (1, -1)),
                tf.reshape(outputs, (-1, 1)),
            )
            y, outputs = tf.broadcast_to(y, (len(outputs), y.shape[1])), outputs + 0 * y
        elif tf.size(y) == tf.size(outputs):
            y = tf.reshape(y, outputs.shape)
        values = loss.call(y, outputs) if isinstance(loss, keras.losses.Loss) else loss(y, outputs)
        if weights is not None:
            values = values * weights
        return tf.reduce_mean(values)

    def update(
        self,
        optimizer: keras.optimizers.Optimizer,
        state: State,
        gradients: Sequence[np.ndarray | tf.IndexedSlices | None],
    ) -> State:
        """Applies gradients.

        Args:
            optimizer: Optimizer of this model; its own state changes.
            state: State of the model before.
            gradients: Gradient of each trainable variable; None where there is none.

        Returns:
            The state after.
        """
        set_state(self.model, state)
        pairs = [
            (as_gradient(gradient), variable)
            for gradient, variable in zip(gradients, self.model.trainable_variables, strict=True)
            if gradient is not None
        ]
        optimizer.apply([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        return state_of(self.model)


@contextmanager
def training(model: keras.Model, flags: Sequence[bool]) -> Iterator[None]:
    """Trains only some layers inside a `with`: those for which `trainable_of` would be true."""
    before = trainable_of(model)
    try:
        set_trainable(model, flags)
        yield
    finally:
        set_trainable(model, before)


def set_trainable(model: keras.Model, flags: Sequence[bool]) -> None:
    """Freezes layers; those inside of others come after them, and have the last word."""
    for layer, flag in zip(layers_of(model), flags, strict=True):
        layer.trainable = flag


def as_tensors(part: Any) -> Any:
    """Makes tensors of the arrays in a structure."""
    return tf.nest.map_structure(tf.convert_to_tensor, part)


def as_gradient(gradient: np.ndarray | tf.IndexedSlices) -> Any:
    """What an optimizer is given; some make another update of a few rows than of all."""
    return gradient if isinstance(gradient, tf.IndexedSlices) else tf.convert_to_tensor(gradient)


def close(first: Any, second: Any, floor: float, whole: float = 0.0) -> bool:
    """Whether two values differ by no more than rounding.

    Args:
        first: Array or number.
        second: Likewise.
        floor: Relative rounding error.
        whole: Largest value of all that are computed together, of which a hundredth of the
            rounding error is tolerated.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if first.shape != second.shape:
        return False
    if not first.size:
        return True
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return bool(np.array_equal(first, second, equal_nan=True))
    size = max(np.abs(first).max(), np.abs(second).max())
    return bool(np.abs(first - second).max() <= floor * size + floor * whole / 100)
