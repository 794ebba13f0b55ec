"""The VGG as KerasTuner sees it: built from hyperparameters, fitted by either trainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import keras
import keras_tuner

from vgg_keras.config import SearchConfig
from vgg_keras.datasets import Arrays, Batches
from vgg_keras.models.vgg import VGG
from vgg_keras.runtime.signals import Wish
from vgg_keras.trainers import TRAINERS
from vgg_keras.tuning.space import choose


class VGGHyperModel(keras_tuner.HyperModel):
    """Builds and fits the VGG of a trial.

    Args:
        config: of the search.
        arrays: to train on; the test images are those that score a trial.
        wish: to stop, obeyed after a step; None if there will be none.
    """

    def __init__(self, config: SearchConfig, arrays: Arrays, wish: Wish | None = None):
        super().__init__()
        self._config = config
        self._arrays = arrays
        self._wish = wish or Wish()

    def build(self, hp: keras_tuner.HyperParameters) -> VGG:
        """Makes the model and its optimizer, both built, so that a checkpoint restores both."""
        design = choose(hp, self._config)
        model = VGG(
            design.filters, design.dense, self._arrays.classes, dtype=self._config.dtype_policy
        )
        model.build((None, *self._arrays.image_shape))
        model.compile(
            keras.optimizers.Adam(design.learning_rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=self._config.steps_per_execution,
            jit_compile=self._config.jit_compile,
        )
        model.optimizer.build(model.trainable_variables)
        return model

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: VGG,
        seed: int,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: int = 0,
    ) -> keras.callbacks.History:
        """Trains the model with the trainer of the search.

        Args:
            hp: of the trial; hyperband adds the epochs to start and to end with.
            model: from `build`.
            seed: of the order of the images.
            callbacks: any Keras callbacks.
            verbose: of the progress.

        Returns:
            The history of the epochs that were run.
        """
        epochs = hp.values.get("tuner/epochs", self._config.epochs)
        model._initial_epoch = hp.values.get("tuner/initial_epoch", 0)
        batch_size = choose(hp, self._config).batch_size
        batches = Batches(self._arrays, batch_size, seed, self._config.class_weight)
        config = replace(self._config, epochs=epochs)
        stop = keras.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs: self._wish.obey()
        )
        trainer = TRAINERS[self._config.trainer]
        return trainer(model, batches, config, [*callbacks, stop], verbose)
