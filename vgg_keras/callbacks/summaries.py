"""What TensorBoard shows of a run beside its curves: graph, images, configuration, a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.callbacks.graph import readable
from vgg_keras.callbacks.hparams import write_row
from vgg_keras.callbacks.pictures import confusion_picture, filters_picture, grid_picture
from vgg_keras.config import RunConfig
from vgg_keras.datasets import Data
from vgg_keras.datasets.arrays import rows
from vgg_keras.models.classes import as_classes
from vgg_keras.models.vgg import VGG
from vgg_keras.runs.results import Test
from vgg_keras.runtime.compat import call_of, loss_of

SAMPLE = 500
SAMPLE_BATCH = 100


class Summaries(keras.callbacks.Callback):
    """Writes the graph, and after each epoch images, into an event file of its own.

    The images of an epoch are the confusion matrix of the first 500 test images, if the model is a
    classifier, and the filters of the first convolution, if there is one.

    Args:
        directory: Folder that gets the file.
        config: Configuration of the run.
        data: Data of the run.
    """

    remembered = ("_epoch",)

    def __init__(self, directory: Path, config: RunConfig, data: Data):
        super().__init__()
        self._directory, self._config, self._data = directory, config, data

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Writes the configuration and the graph, if they are not there already."""
        self._writer = tf.summary.create_file_writer(str(self._directory))
        self._epoch, call = 0, call_of(self.model)
        self._learning_rate = float(str(np.asarray(self.model.optimizer.learning_rate)))
        self._forward = tf.function(lambda x: call(x, training=False))
        self._x, self._labels = self._data.sample(SAMPLE)
        if int(self.model.optimizer.iterations.numpy()):
            return
        name = "images" if self._data.image_shape else None
        specs = keras.tree.map_structure(
            lambda leaf: tf.TensorSpec((None, *leaf.shape[1:]), leaf.dtype, name), self._x
        )
        graph = self._forward.get_concrete_function(specs).graph
        with self._writer.as_default():
            tf.summary.text("configuration", as_table(self._config.to_dict()), step=0)
            tf.summary.graph(readable(graph, self.model))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the images of the epoch, and the gradients if they were asked for."""
        self._epoch = epoch
        with self._writer.as_default(step=epoch):
            if self._data.classes:
                labels, probabilities = as_classes(self._labels, self._predict())
                if labels is not None and probabilities is not None:
                    show("sample/confusion_matrix", confusion_picture(labels, probabilities))
            if first := first_convolution(self.model):
                show(f"filters/{first.name}", filters_picture(np.asarray(first.kernel)))
            if self._config.histograms:
                self._write_gradients()

    def _predict(self) -> Any:
        x, tree = self._x, keras.tree
        outputs = []
        for start in range(0, len(tree.flatten(x)[0]), SAMPLE_BATCH):
            some = slice(start, start + SAMPLE_BATCH)
            outputs.append(self._forward(rows(x, some)))
        return tree.map_structure(lambda *parts: np.concatenate(parts), *outputs)

    def _write_gradients(self) -> None:
        model = self.model
        x, y = self._data.sample(self._config.batch_size, "train")
        with tf.GradientTape() as tape:
            predictions = call_of(model)(x, training=False)
            loss = loss_of(model)(x, y, predictions, None, training=False)
        of_each_device = model.distribute_strategy.experimental_local_results
        weights = [of_each_device(variable.value)[0] for variable in model.trainable_variables]
        gradients = tape.gradient(loss, weights)
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            tf.summary.histogram(f"{variable.path}/gradient", gradient)

    def finish(
        self,
        values: Mapping[str, Any],
        test: Test,
        confusion: tuple[np.ndarray | None, np.ndarray | None],
        mistakes: Sequence[tuple[np.ndarray, str]],
        seconds: float,
    ) -> None:
        """Writes what the trained model says of all test images, and a row of HParams.

        Args:
            values: Values of the hyperparameters, such as the name of the trainer.
            test: What the model reached on the test data.
            confusion: Labels and probabilities; None for each if the model is no classifier.
            mistakes: Images and captions.
            seconds: Time of the training.
        """
        design: dict[str, Any] = {"learning_rate": self._learning_rate}
        if isinstance(self.model, VGG):
            filters = enumerate(self.model.filters, start=1)
            design |= {f"filters_{n}": block[0] for n, block in filters if block}
        figures = {"test_accuracy": test.accuracy, "test_loss": test.loss, "seconds": seconds}
        known = {name: figure for name, figure in figures.items() if figure is not None}
        known["parameters"] = self.model.count_params()
        labels, probabilities = confusion
        with self._writer.as_default(step=self._epoch):
            if labels is not None and probabilities is not None:
                show("test/confusion_matrix", confusion_picture(labels, probabilities))
            if mistakes:
                show("test/mistakes", grid_picture(*zip(*mistakes, strict=True)))
        self._writer.close()
        write_row(self._directory, self._config, {**design, **values}, known)


def first_convolution(model: keras.Model) -> keras.layers.Conv2D | None:
    """The first convolution of a model of images; None if there is none."""
    layers = getattr(model, "stack", model.layers)
    return next((layer for layer in layers if isinstance(layer, keras.layers.Conv2D)), None)


def show(tag: str, picture: np.ndarray) -> None:
    """Writes a picture to the default summary writer at its step."""
    tf.summary.image(tag, picture[np.newaxis])


def as_table(values: Mapping[str, Any]) -> str:
    """Writes values as a table in Markdown."""
    rows = [f"| {name} | `{value}` |" for name, value in values.items() if value is not None]
    return "\n".join(["| Option | Value |", "|---|---|", *rows])
