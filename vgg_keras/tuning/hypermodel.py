"""What KerasTuner builds and trains in a trial."""

from __future__ import annotations

from dataclasses import replace

import keras
import keras_tuner

from vgg_keras.config import SearchConfig
from vgg_keras.datasets import Data
from vgg_keras.models.factory import checked
from vgg_keras.models.vgg import VGG
from vgg_keras.runtime.compat import set_initial_epoch
from vgg_keras.training.parts import Parts
from vgg_keras.training.training import Training
from vgg_keras.tuning.space import choose, choose_batch_size


class TrialModel(keras_tuner.HyperModel):
    """Builds the model of a trial, and makes its training.

    Args:
        config: Configuration of the search.
        parts: Data whose test part scores a trial, the user's factory if there is one, and the
            trainer.
    """

    def __init__(self, config: SearchConfig, parts: Parts):
        super().__init__()
        self._config, self._parts = config, parts

    def build(self, hp: keras_tuner.HyperParameters) -> keras.Model:
        """Makes the model that the hyperparameters describe."""
        config = self._config
        if self._parts.factory:
            before = keras.config.dtype_policy()
            keras.config.set_dtype_policy(config.dtype_policy)
            try:
                return checked(self._parts.factory(hp), config.model)
            finally:
                keras.config.set_dtype_policy(before)
        design, data = choose(hp, config), self._parts.data
        model = VGG(design.filters, design.dense, data.classes or 0, dtype=config.dtype_policy)
        model.build((None, *(data.image_shape or ())))
        model.compile(
            keras.optimizers.Adam(design.learning_rate),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            steps_per_execution=config.steps_per_execution,
            jit_compile=config.jit_compile,
        )
        return model

    def training(
        self,
        hp: keras_tuner.HyperParameters,
        seed: int,
        data: Data | None = None,
        epochs: int | None = None,
    ) -> Training:
        """Makes the training of a trial.

        Args:
            hp: Hyperparameters; hyperband adds the epochs to start and to end with.
            seed: Seed of the weights and of the order of the images.
            data: Other data than those of trials.
            epochs: Another number of epochs than that of trials.
        """
        config = replace(
            self._config,
            seed=seed,
            epochs=epochs or hp.values.get("tuner/epochs", self._config.epochs),
            batch_size=choose_batch_size(hp, self._config),
        )
        trainer = self._parts.trainers[config.trainer]
        training = Training(
            config, data or self._parts.data, lambda: self.build(hp), trainer, config.trainer
        )
        if epochs is None:
            set_initial_epoch(training.model, hp.values.get("tuner/initial_epoch", 0))
        return training
