"""What a user's loop does, step by step, recorded through Keras's and TensorFlow's classes."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.runtime.notebook import name_of

State = list[np.ndarray]
"""The values of a model's variables, in the order of `model.variables`."""


@dataclass
class Call:
    """A call of the model under a tape.

    Attributes:
        inputs: What the model was called with, as arrays.
        outputs: What it returned.
        place: Line of the user's file, such as `my.py:31`.
    """

    inputs: Any
    outputs: Any
    place: str | None


@dataclass
class Step:
    """What lies between two updates.

    Attributes:
        before: State of the model before its first call.
        model: Model that was called.
        calls: Calls of the model under a tape.
        trainable: Which of its layers are trained.
        labels: True values that losses were called with.
        weights: Weights of examples that the last of them was called with; None if there were none.
        loss: The last of these losses.
        loss_place: Line that called it.
        target: What the last gradient was taken of, summed.
        gradients: Gradients as the tape gave them, by the id of the variable.
        gradient_place: Line that took them.
        optimizer: Optimizer that made the update; None if it was made by hand.
        optimizers: All that did so, each with the ids of its variables.
        rate: Its learning rate in this step.
        scale: What it takes the loss to be multiplied by.
        applied: Gradients that it was given, by the id of the variable.
        sparse: Those of them that hold only the rows that were looked up, as they are.
        place: Line that called it.
        after: State of the model after the update.
    """

    before: State
    model: keras.Model
    calls: list[Call] = field(default_factory=list)
    trainable: tuple[bool, ...] = ()
    labels: list[Any] = field(default_factory=list)
    weights: Any = None
    loss: Any = None
    loss_place: str | None = None
    target: float | None = None
    gradients: dict[int, np.ndarray] = field(default_factory=dict)
    gradient_place: str | None = None
    optimizer: Any = None
    optimizers: list[tuple[Any, set[int]]] = field(default_factory=list)
    rate: float | None = None
    scale: float | None = None
    applied: dict[int, np.ndarray] = field(default_factory=dict)
    sparse: dict[int, tf.IndexedSlices] = field(default_factory=dict)
    place: str | None = None
    after: State = field(default_factory=list)


@dataclass
class Figure:
    """What a metric held.

    Attributes:
        metric: The metric.
        values: Its result after its last update, by the number of calls of the model under a tape
            that there had been.
        place: Line that updated it.
    """

    metric: keras.Metric
    values: dict[int, float] = field(default_factory=dict)
    place: str | None = None


def state_of(model: keras.Model) -> State:
    """The values of a model's variables."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in model.variables]


def set_state(model: keras.Model, state: Sequence[np.ndarray]) -> None:
    """Gives a model's variables their values."""
    for variable, value in zip(model.variables, state, strict=True):
        variable.assign(value)


def layers_of(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers of a model, and after each model among them its layers."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from layers_of(layer)


def trainable_of(model: keras.Model) -> tuple[bool, ...]:
    """Which of these layers are trained."""
    return tuple(layer.trainable for layer in layers_of(model))


class Observer:
    """Records the steps of a loop.

    Args:
        files: Files of the user, whose lines are named.
        initial: State that a model which the loop makes itself starts from, if it gets none.
        model: Model that the loop gets.
        given: Whether the loop gets it.

    Attributes:
        steps: The steps, in order.
        models: Models that were called under a tape.
        metrics: Metrics that were made in the loop.
        figures: What means held, by the id of the metric.
    """

    def __init__(self, files: set[str], initial: State, model: keras.Model, given: bool):
        self._files, self._initial, self._model, self._given = files, initial, model, given
        self._tapes = self._inside_model = self._inside_loss = self._inside_update = 0
        self._calls = 0
        self._step: Step | None = None
        self.steps: list[Step] = []
        self.models: list[keras.Model] = []
        self.metrics: list[keras.Metric] = []
        self.figures: dict[int, Figure] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Records inside a `with`, and puts all that was patched back."""
        watched: list[tuple[type, str, Callable[..., Any]]] = [
            (keras.Model, "__call__", self._model_call),
            (type(self._model), "call", self._model_call),
            (keras.Model, "stateless_call", self._stateless_call),
            (keras.losses.Loss, "__call__", self._loss_call),
            (keras.metrics.Mean, "update_state", self._metric_update),
            (keras.metrics.Metric, "__init__", self._metric_made),
            (tf.GradientTape, "__enter__", self._tape_begin),
            (tf.GradientTape, "__exit__", self._tape_end),
            (tf.GradientTape, "gradient", self._gradient),
            (keras.optimizers.Optimizer, "apply", self._apply),
            (keras.optimizers.LossScaleOptimizer, "apply", self._apply),
        ]
        with ExitStack() as stack:
            for owner, name, wrapper in watched:
                stack.enter_context(replaced(owner, name, wrapper))
            yield
        self._end_update_by_hand()

    def own_metrics(self) -> list[keras.Metric]:
        """The metrics that the loop made, without those of models."""
        of_models = set()
        for model in self.models:
            for metric in model.metrics:
                of_models |= {id(part) for part in (metric, *getattr(metric, "metrics", ()))}
        return [metric for metric in self.metrics if id(metric) not in of_models]

    def _place(self) -> str | None:
        frame = sys._getframe(2)
        while frame:
            if frame.f_code.co_filename in self._files:
                return f"{name_of(frame.f_code.co_filename)}:{frame.f_lineno}"
            frame = frame.f_back  # type: ignore[assignment]
        return None

    def _model_call(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        outer = isinstance(model, keras.Model) and not self._inside_model
        if not (outer and self._tapes):
            return self._nested("_inside_model", isinstance(model, keras.Model), original, model,
                                *args, **kwargs)  # fmt: skip
        if all(model is not known for known in self.models):
            self._adopt(original, model, args, kwargs)
        self._end_update_by_hand()
        if self._step is None:
            self._step = Step(state_of(model), model, trainable=trainable_of(model))
        place = self._place()
        outputs = self._nested("_inside_model", True, original, model, *args, **kwargs)
        inputs = args[0] if args else next(iter(kwargs.values()))
        self._calls += 1
        self._step.calls.append(Call(_arrays(inputs), _arrays(outputs), place))
        return outputs

    def _stateless_call(self, original: Any, model: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(model, keras.Model) or self._inside_model or not self._tapes:
            return original(model, *args, **kwargs)

        def call(model: Any, x: Any, **rest: Any) -> Any:
            returned.append(original(model, *args[:2], x, *args[3:], **rest))
            return returned[0][0]

        returned: list[Any] = []
        self._model_call(call, model, args[2], **kwargs)
        return returned[0]

    def _metric_made(self, original: Any, metric: Any, *args: Any, **kwargs: Any) -> None:
        original(metric, *args, **kwargs)
        self.metrics.append(metric)

    def _metric_update(self, original: Any, metric: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(metric, *args, **kwargs)
        log = self.figures.setdefault(id(metric), Figure(metric))
        log.values[self._calls] = float(metric.result())
        log.place = self._place() or log.place
        return result

    def _adopt(self, original: Any, model: Any, args: Any, kwargs: Any) -> None:
        if not model.built:
            with tf.GradientTape(watch_accessed_variables=False):
                self._nested("_inside_model", True, original, model, *args, **kwargs)
        first = not self._given and not self.models
        if first and [v.shape for v in state_of(model)] == [v.shape for v in self._initial]:
            set_state(model, self._initial)
        self.models.append(model)

    def _loss_call(self, original: Any, loss: Any, *args: Any, **kwargs: Any) -> Any:
        result = self._nested("_inside_loss", True, original, loss, *args, **kwargs)
        if not self._inside_loss and self._step and self._tapes:
            true = args[0] if args else kwargs.get("y_true")
            weights = args[2] if len(args) > 2 else kwargs.get("sample_weight")
            self._step.labels.append(_arrays(true))
            self._step.weights = None if weights is None else np.array(weights)
            self._step.loss, self._step.loss_place = loss, self._place()
        return result

    def _tape_begin(self, original: Any, tape: Any) -> Any:
        self._tapes += 1
        return original(tape)

    def _tape_end(self, original: Any, tape: Any, *error: Any) -> Any:
        self._tapes -= 1
        return original(tape, *error)

    def _gradient(self, original: Any, tape: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(tape, *args, **kwargs)
        target = args[0] if args else kwargs["target"]
        sources = args[1] if len(args) > 1 else kwargs["sources"]
        if self._step:
            step = self._step
            parts = [np.sum(_arrays(part)) for part in tf.nest.flatten(target)]
            step.target = (step.target or 0.0) + float(sum(parts))
            flat = zip(tf.nest.flatten(sources), tf.nest.flatten(result), strict=True)
            for source, gradient in flat:
                if gradient is not None:
                    value = step.gradients.get(_key(source), 0) + dense(gradient)
                    step.gradients[_key(source)] = value
            step.gradient_place = self._place()
        return result

    def _apply(
        self, original: Any, optimizer: Any, grads: Any, trainable_variables: Any = None
    ) -> Any:
        variables = trainable_variables
        if self._inside_update or not self.models:
            return original(optimizer, grads, variables)
        model = self._step.model if self._step else self.models[-1]
        step = self._step or Step(state_of(model), model)
        place, self._step = self._place(), None
        grads = list(grads)
        targets = model.trainable_variables if variables is None else list(variables)
        step.rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) and optimizer.built:
            step.scale = float(keras.ops.convert_to_numpy(optimizer.dynamic_scale))
        result = self._nested("_inside_update", True, original, optimizer, grads, variables)
        step.place, step.after = place, state_of(model)
        pairs = [
            (_key(variable), gradient)
            for variable, gradient in zip(targets, grads, strict=False)
            if gradient is not None
        ]
        applied = {key: dense(gradient) for key, gradient in pairs}
        sparse = {key: part for key, part in pairs if isinstance(part, tf.IndexedSlices)}
        last = self.steps[-1] if self.steps else None
        if last and not step.calls and not set(applied) & set(last.applied):
            last.applied |= applied  # each of several optimizers has its own variables
            last.optimizers.append((optimizer, {*applied}))
            last.sparse |= sparse
            last.after = step.after
            return result
        step.optimizer, step.applied, step.sparse = optimizer, applied, sparse
        step.optimizers = [(optimizer, {*applied})]
        self.steps.append(step)
        return result

    def _end_update_by_hand(self) -> None:
        """Ends a step whose gradients were used without an optimizer."""
        step = self._step
        if step is None or not step.gradients or self._inside_update:
            return
        after = state_of(step.model)
        if any(not np.array_equal(a, b) for a, b in zip(step.before, after, strict=True)):
            step.after, step.applied, step.place = after, step.gradients, step.gradient_place
            self.steps.append(step)
            self._step = None

    def _nested(self, depth: str, counted: bool, original: Any, *args: Any, **kwargs: Any) -> Any:
        setattr(self, depth, getattr(self, depth) + counted)
        try:
            return original(*args, **kwargs)
        finally:
            setattr(self, depth, getattr(self, depth) - counted)


def _key(variable: Any) -> int:
    return id(variable.value if isinstance(variable, keras.Variable) else variable)


@contextmanager
def replaced(owner: type, name: str, wrapper: Callable[..., Any]) -> Iterator[None]:
    """Calls a wrapper, with the original method and its arguments, instead of a method."""
    home = next(kind for kind in owner.__mro__ if name in vars(kind))
    original = vars(home)[name]

    @functools.wraps(original)  # Keras reads signatures: whether a call takes `training`
    def watched(*args: Any, **kwargs: Any) -> Any:
        return wrapper(original, *args, **kwargs)

    setattr(home, name, watched)
    try:
        yield
    finally:
        setattr(home, name, original)


def dense(gradient: Any) -> np.ndarray:
    """A gradient as an array; that of an embedding has only the rows that were looked up."""
    return np.array(tf.convert_to_tensor(gradient))


def _arrays(values: Any) -> Any:
    return tf.nest.map_structure(lambda value: None if value is None else np.array(value), values)
