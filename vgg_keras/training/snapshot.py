"""Everything that a training has made up to a moment."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from vgg_keras.errors import InputError, require
from vgg_keras.runtime.compat import CALLBACK_STATE
from vgg_keras.runtime.peers import exchange, place, process_count
from vgg_keras.training.state_files import load_state, save_state

SHA256_BYTES = 32

Variables = list[tuple[str, list[np.ndarray]]]
"""Paths of variables, such as `vgg/fc1/kernel`, each with its copy on every device of the process,
or of all processes where these have other ones. Two layers of the same name give two entries."""


class Mismatch(NamedTuple):
    """Where two snapshots first differ.

    Attributes:
        stage: `metrics`, `optimizer` or `weights`.
        variable: Name of the figure or variable; None if they have other shapes or numbers.
        max_abs: Largest difference of two of its elements.
        max_ulp: The same in units in the last place, for floats.
    """

    stage: str
    variable: str | None = None
    max_abs: float | None = None
    max_ulp: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything that a training has made up to a moment.

    Attributes:
        figures: Running results of the metrics, by name.
        optimizer: Variables of the optimizer.
        weights: Variables of the model, with the seeds of dropout.
        metrics: Variables of the metrics.
        epoch: Epoch, counted from 0.
        step: Number of its steps that were made.
        stopped: Whether the training is to stop.
        callbacks: Names of the callbacks.
        callback_states: What each of them has seen.
        events: Bytes of each event file.
    """

    figures: dict[str, float] = field(default_factory=dict)
    optimizer: Variables = field(default_factory=list)
    weights: Variables = field(default_factory=list)
    metrics: Variables = field(default_factory=list)
    epoch: int = 0
    step: int = 0
    stopped: bool = False
    callbacks: list[str] = field(default_factory=list)
    callback_states: list[dict[str, Any]] = field(default_factory=list)
    events: dict[str, int] = field(default_factory=dict)

    @classmethod
    def take(
        cls,
        model: keras.Model,
        figures: Mapping[str, float] | None = None,
        *,
        metrics: Iterable[keras.Metric] = (),
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **place: Any,
    ) -> Snapshot:
        """Takes a snapshot.

        Args:
            model: Built model, with its optimizer if it has one.
            figures: Running results of the metrics.
            metrics: Metrics whose states are part of it.
            callbacks: Callbacks whose states are part of it.
            **place: `epoch`, `step`, `stopped` and `events`.
        """
        return cls(
            figures=dict(figures or {}),
            optimizer=_copies(model, _optimizer_variables(model)),
            weights=_weights(model),
            metrics=_of_all_processes(_copies(model, _variables(metrics))),
            callbacks=[type(callback).__name__ for callback in callbacks],
            callback_states=[state_of(callback) for callback in callbacks],
            **place,
        )

    def restore(
        self,
        model: keras.Model,
        metrics: Iterable[keras.Metric] = (),
        callbacks: Sequence[keras.callbacks.Callback] = (),
    ) -> None:
        """Gives model, metrics and callbacks the state of the snapshot.

        Args:
            model: Model like the one that it was taken of, built, with its optimizer.
            metrics: Metrics like those that it was taken of.
            callbacks: Callbacks, likewise.

        Raises:
            InputError: If they are others.
        """
        names = [type(callback).__name__ for callback in callbacks]
        require(names == self.callbacks, "callbacks", str(self.callbacks), names)
        variables = [*model.variables, *_optimizer_variables(model), *_variables(metrics)]
        local = [_of_each_device(model, variable) for variable in variables]
        entries = [*self.weights, *self.optimizer, *self.metrics]
        saved = [
            copies if len(copies) == len(here) else copies[place() * len(here) :][: len(here)]
            for (_, copies), here in zip(entries, local, strict=False)
        ]
        alike = len(entries) == len(local) and [[c.shape for c in copies] for copies in local] == [
            [c.shape for c in copies] for copies in saved
        ]
        expected = "the state of a training of this model"
        require(alike, "--resume", expected, "another; remove it, and the training starts again")
        for copies, arrays in zip(local, saved, strict=True):
            for copy, array in zip(copies, arrays, strict=True):
                copy.assign(array)
        for callback, values in zip(callbacks, self.callback_states, strict=True):
            set_state(callback, values)

    def digest(self) -> str:
        """The sha256 over figures, optimizer and weights; names and the place do not count.

        Returns:
            64 hexadecimal digits, over shape, dtype and bytes of every array: figures in the order
            of their names as float32, then the variables as on the first device.
        """
        sha256 = hashlib.sha256()
        for _, arrays in self._stages():
            for _, array in arrays:
                sha256.update(f"{array.shape}{array.dtype}".encode())
                sha256.update(array.tobytes())
        return sha256.hexdigest()

    def first_difference(self, other: Snapshot) -> Mismatch | None:
        """Finds the first array that differs, in the order in which a step makes them.

        Args:
            other: Snapshot to compare with.

        Returns:
            The difference with its size; None if there is none.
        """
        for (stage, first), (_, second) in zip(self._stages(), other._stages(), strict=True):
            if [array.shape for _, array in first] != [array.shape for _, array in second]:
                return Mismatch(stage)
            for (name, a), (_, b) in zip(first, second, strict=True):
                if a.tobytes() != b.tobytes():
                    return Mismatch(stage, name, *_size(a, b))
        return None

    def _stages(self) -> Iterator[tuple[str, list[tuple[str, np.ndarray]]]]:
        figures = [
            (name, np.asarray(self.figures[name], np.float32)) for name in sorted(self.figures)
        ]
        yield "metrics", figures
        yield "optimizer", [(name, copies[0]) for name, copies in self.optimizer]
        yield "weights", [(name, copies[0]) for name, copies in self.weights]

    def save(self, directory: Path) -> None:
        """Saves the snapshot, whole or not at all, and keeps the one before it.

        Raises:
            OSError: If it cannot be written.
        """
        save_state(directory, {part.name: getattr(self, part.name) for part in fields(self)})

    @classmethod
    def load(cls, directory: Path) -> Snapshot | None:
        """Loads the newest snapshot that can be read; None if none was saved.

        Raises:
            InputError: If no snapshot that was saved can be read, or it is of version 0.1.
        """
        state = load_state(directory)
        if state is None:
            return None
        if set(state) != {part.name for part in fields(cls)}:
            raise InputError(
                f"--resume: expected a state of this version, received another in {directory}; "
                "resume it with the version that saved it, or start another run"
            )
        return cls(**state)


def state_of(callback: keras.callbacks.Callback) -> dict[str, Any]:
    """What a callback has seen so far: copies of JSON values and arrays.

    Args:
        callback: Callback of Keras, or one that names its attributes in `remembered`.
    """
    names = tuple(getattr(callback, "remembered", ()))
    for kind, attributes in CALLBACK_STATE.items():
        names += attributes if isinstance(callback, kind) else ()
    return {name: deepcopy(getattr(callback, name)) for name in names}


def set_state(callback: keras.callbacks.Callback, values: Mapping[str, Any]) -> None:
    """Gives a callback a copy of what it had seen, which it may change."""
    for name, value in values.items():
        setattr(callback, name, deepcopy(value))


def _optimizer_variables(model: keras.Model) -> list[keras.Variable]:
    return model.optimizer.variables if model.compiled else []


def _variables(metrics: Iterable[keras.Metric]) -> list[keras.Variable]:
    return [variable for metric in metrics for variable in metric.variables]


def _copies(model: keras.Model, variables: Iterable[keras.Variable]) -> Variables:
    return [
        (variable.path, [np.asarray(copy) for copy in _of_each_device(model, variable)])
        for variable in variables
    ]


def _weights(model: keras.Model) -> Variables:
    """The model's variables; trained ones are alike in all processes, statistics need not be."""
    copies = _copies(model, model.variables)
    others = [not variable.trainable for variable in model.variables]
    gathered = iter(_of_all_processes(list(compress(copies, others))))
    return [next(gathered) if other else own for own, other in zip(copies, others, strict=True)]


def _of_all_processes(variables: Variables) -> Variables:
    """The copies on the devices of all processes, one process after the other.

    Of a variable that is the same in all of them, those of this process alone.
    """
    if not variables or process_count() == 1:
        return variables
    contents = [b"".join(copy.tobytes() for copy in copies) for _, copies in variables]
    digests = exchange(b"".join(hashlib.sha256(content).digest() for content in contents))
    slots = [
        slice(begin, begin + SHA256_BYTES) for begin in range(0, len(digests[0]), SHA256_BYTES)
    ]
    differs = [len({each[slot] for each in digests}) > 1 for slot in slots]
    parts = exchange(b"".join(compress(contents, differs)))
    gathered: Variables = []
    begin = 0
    for (name, copies), content, other in zip(variables, contents, differs, strict=True):
        if other:
            end, shape = begin + len(content), (-1, *copies[0].shape)
            arrays = [np.frombuffer(part[begin:end], copies[0].dtype) for part in parts]
            copies = [copy for array in arrays for copy in array.reshape(shape)]
            begin = end
        gathered.append((name, copies))
    return gathered


def _of_each_device(model: keras.Model, variable: keras.Variable) -> Sequence[Any]:
    return model.distribute_strategy.experimental_local_results(variable.value)


def _size(a: np.ndarray, b: np.ndarray) -> tuple[float, float | None]:
    with np.errstate(invalid="ignore", over="ignore"):
        difference = float(np.max(np.abs(a.astype(np.float64) - b.astype(np.float64))))
    if not np.issubdtype(a.dtype, np.floating):
        return difference, None
    return difference, float(np.max(np.testing.assert_array_max_ulp(a, b, maxulp=np.inf)))
