"""One training: a model, its batches, and the trainer that brings them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import keras

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Data
from vgg_keras.errors import require
from vgg_keras.runtime.devices import make_strategy, naming_lost_processes
from vgg_keras.runtime.notebook import in_notebook
from vgg_keras.trainers import TRAINERS, Trainer
from vgg_keras.trainers.prepare import prepare, refusing_unusable
from vgg_keras.training.contract import ContractCheck
from vgg_keras.training.evaluation import Evaluation, evaluate


class Training:
    """One training. The weights and the order of the batches follow from the seed.

    Args:
        config: What to train and how.
        data: Data to train on.
        make_model: Makes the model.
        trainer: Trains it.
        name: Name of the trainer, for messages.

    Attributes:
        config: The same.
        model: The model, compiled, built under the strategy of the configuration.
        batches: The batches.

    Raises:
        InputError: If the model does not fit the data or the configuration.
    """

    def __init__(
        self,
        config: RunConfig,
        data: Data,
        make_model: Callable[[], keras.Model],
        trainer: Trainer,
        name: str = "",
    ):
        self.config, self._trainer, self._name = config, trainer, name
        keras.utils.set_random_seed(config.seed)
        self.batches = data.batches(config.batch_size, config.seed, config.class_weight)
        with make_strategy(config.strategy).scope(), naming_lost_processes():
            self.model = make_model()
            expected = "none for a model that is compiled: it has its own"
            free = config.learning_rate is None or not self.model.compiled
            require(free, "--learning-rate", expected, config.learning_rate)
            users = getattr(config, "is_users_model", False)
            with refusing_unusable(self.batches.train.element_spec) if users else nullcontext():
                prepare(self.model, self.batches, config)

    def run(
        self, callbacks: Sequence[keras.callbacks.Callback] = (), verbose: int | str = 0
    ) -> keras.callbacks.History:
        """Trains the model under the strategy that it was built with.

        Args:
            callbacks: Keras callbacks.
            verbose: Progress: 0 none, 1 a bar, 2 a line an epoch.

        Raises:
            InputError: If the trainer is the user's and breaks the contract of trainers.
        """
        if verbose == 1 and in_notebook():
            from vgg_keras.callbacks.notebook_bar import NotebookBar

            bar = NotebookBar(self.config.epochs, self.batches.steps)
            callbacks, verbose = [*callbacks, bar], 2
        with self.model.distribute_strategy.scope(), naming_lost_processes():
            arguments = (self.model, self.batches, self.config)
            if self._trainer in TRAINERS.values():
                return self._trainer(*arguments, list(callbacks), verbose)
            check = ContractCheck(self._name, *arguments)
            history = self._trainer(*arguments, [check, *callbacks], verbose)
            check.finish(history)
            return history

    def evaluate(self) -> Evaluation:
        """Tests the model on every test example."""
        with naming_lost_processes():
            return evaluate(self.model, self.batches)
