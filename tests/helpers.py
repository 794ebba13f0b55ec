"""Trainings of a small VGG that record all that happens, and other helpers of the tests."""

import keras
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray

from vgg_keras import VGG
from vgg_keras.config import TrainConfig
from vgg_keras.trainers import TRAINERS
from vgg_keras.trainers.prepare import prepare
from vgg_keras.training.digests import Digests


def slow_except(names, *fast):
    """Marks cases as slow, apart from some."""
    return [name if name in fast else pytest.param(name, marks=pytest.mark.slow) for name in names]


def tiny_vgg(seed: int = 0, **changes) -> VGG:
    keras.utils.set_random_seed(seed)
    model = VGG(**{"filters": ((4,), (8,)), "dense": 8, **changes})
    model.build((None, 28, 28, 1))
    return model


def scalars(directory):
    """Every scalar in the event files of a folder: tag, step, value."""
    events = EventAccumulator(str(directory), size_guidance={"tensors": 0}).Reload()
    return {
        (tag, event.step): make_ndarray(event.tensor_proto).item()
        for tag in events.Tags()["tensors"]
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "scalars"
        for event in events.Tensors(tag)
    }


class Recorder(keras.callbacks.Callback):
    """Keeps every hook that is called, with its index and its logs, in order."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def _record(self, hook, index=None, logs=None):
        figures = {name: repr(float(value)) for name, value in (logs or {}).items()}
        self.calls.append((hook, index, figures))


def _hook(name, indexed):
    if indexed:
        return lambda self, index, logs=None: self._record(name, index, logs)
    return lambda self, logs=None: self._record(name, None, logs)


for _name in ("on_train_begin", "on_train_end", "on_test_begin", "on_test_end"):
    setattr(Recorder, _name, _hook(_name, indexed=False))
for _name in ("on_epoch_begin", "on_epoch_end"):
    setattr(Recorder, _name, _hook(_name, indexed=True))
for _name in (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
):
    setattr(Recorder, _name, _hook(_name, indexed=True))


class Trained:
    """A training that was run: what it recorded and what it left."""

    def __init__(self, trainer, model, batches, config, callbacks=()):
        prepare(model, batches, config)
        before = [v.numpy() for v in model.trainable_variables]
        recorder, digests = Recorder(), Digests()
        self.model = model
        self.history = TRAINERS[trainer](
            model, batches, config, [*callbacks, digests, recorder], verbose=0
        )
        self.calls, self.digests = recorder.calls, digests.digests
        self.weights = [v.numpy() for v in model.variables]
        after = [v.numpy() for v in model.trainable_variables]
        self.changed = all(not np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def assert_same(first: Trained, *others: Trained) -> None:
    """Hooks, figures, digests and weights are the same, to the last bit."""
    assert others
    assert len(first.digests) > 0
    for other in others:
        assert first.calls == other.calls
        assert first.history.history == other.history.history
        assert first.digests == other.digests
        for a, b in zip(first.weights, other.weights, strict=True):
            assert np.array_equal(a, b)


def train_all(data, make_model=tiny_vgg, make_callbacks=lambda trainer: [], **options):
    """Trains with each trainer from the same start; asserts that training changed the weights."""
    config = TrainConfig(**{"epochs": 2, "batch_size": 32, **options})
    trainings = []
    for trainer in TRAINERS:
        batches = data.batches(config.batch_size, config.seed, config.class_weight)
        model = make_model()
        trainings.append(Trained(trainer, model, batches, config, make_callbacks(trainer)))
        assert trainings[-1].changed
    return trainings
