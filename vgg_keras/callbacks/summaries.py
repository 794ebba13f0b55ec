"""What TensorBoard shows of a run beside its curves: graph, images, configuration, a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from vgg_keras.callbacks.hparams import write_row
from vgg_keras.callbacks.pictures import confusion_picture, filters_picture, grid_picture
from vgg_keras.config import ModelConfig
from vgg_keras.datasets import Arrays

SAMPLE = 500
SAMPLE_BATCH = 100


class Summaries(keras.callbacks.Callback):
    """Writes the graph, and after each epoch images, into an event file of its own.

    The images of an epoch are the confusion matrix of the first 500 test images, and the filters
    of the first layer.

    Args:
        directory: gets the file.
        config: of the run.
        arrays: of the run.
    """

    remembered = ("_epoch",)

    def __init__(self, directory: Path, config: ModelConfig, arrays: Arrays):
        super().__init__()
        self._directory, self._config, self._arrays = directory, config, arrays

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Writes the configuration and the graph, if they are not there already."""
        self._writer = tf.summary.create_file_writer(str(self._directory))
        self._epoch, model = 0, self.model
        self._forward = tf.function(lambda images: model(images, training=False))
        images = tf.TensorSpec((None, *self._arrays.image_shape), tf.float32, "images")
        graph = self._forward.get_concrete_function(images).graph
        if int(model.optimizer.iterations.numpy()):
            return
        with self._writer.as_default():
            tf.summary.text("configuration", as_table(self._config.to_dict()), step=0)
            tf.summary.graph(graph)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the images of the epoch, and the gradients if they were asked for."""
        self._epoch = epoch
        with self._writer.as_default(step=epoch):
            images, labels = self._arrays.x_test[:SAMPLE], self._arrays.y_test[:SAMPLE]
            show("confusion_matrix", confusion_picture(labels, self._predict(images)))
            first = self.model.stack[0]
            show(f"filters/{first.name}", filters_picture(np.asarray(first.kernel)))
            if self._config.histograms:
                self._write_gradients()

    def _predict(self, images: np.ndarray) -> np.ndarray:
        pixels = images.astype(np.float32) / 255
        batches = np.split(pixels, range(SAMPLE_BATCH, len(pixels), SAMPLE_BATCH))
        return np.concatenate([self._forward(batch).numpy() for batch in batches])

    def _write_gradients(self) -> None:
        size, model = self._config.batch_size, self.model
        images = tf.cast(self._arrays.x_train[:size], tf.float32) / 255
        with tf.GradientTape() as tape:
            predictions = model(images, training=False)
            labels = self._arrays.y_train[:size]
            losses = keras.losses.sparse_categorical_crossentropy(labels, predictions)
            loss = tf.reduce_mean(losses)
        of_each_device = model.distribute_strategy.experimental_local_results
        weights = [of_each_device(variable.value)[0] for variable in model.trainable_variables]
        gradients = tape.gradient(loss, weights)
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
            tf.summary.histogram(f"{variable.path}/gradient", gradient)

    def finish(
        self,
        trainer: str,
        labels: np.ndarray,
        probabilities: np.ndarray,
        accuracy: float,
        mistakes: Sequence[tuple[np.ndarray, str]],
        seconds: float,
    ) -> None:
        """Writes what the trained model says of all test images, and a row of HParams."""
        filters = {f"filters_{n}": b[0] for n, b in enumerate(self.model.filters, start=1)}
        values = {"trainer": trainer, "seed": self._config.seed, **filters}
        with self._writer.as_default(step=self._epoch):
            show("test/confusion_matrix", confusion_picture(labels, probabilities))
            if mistakes:
                show("test/mistakes", grid_picture(*zip(*mistakes, strict=True)))
            row = str(self._directory.relative_to(self._config.logdir))
            write_row(row, values, accuracy, self.model.count_params(), seconds)
        self._writer.close()


def show(tag: str, picture: np.ndarray) -> None:
    """Writes a picture to the default summary writer at its step."""
    tf.summary.image(tag, picture[np.newaxis])


def as_table(values: Mapping[str, Any]) -> str:
    """Writes values as a table in Markdown."""
    rows = [f"| {name} | `{value}` |" for name, value in values.items() if value is not None]
    return "\n".join(["| Option | Value |", "|---|---|", *rows])
