"""The training in JAX, with Flax and Optax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax
from flax import linen as nn
from jax import numpy as jnp

from vgg_keras.benchmarking.peers.task import Task, serve


class VGG(nn.Module):
    """The VGG, whose outputs are float32 logits."""

    task: Any
    dtype: Any

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        """Classifies images."""
        for block in self.task.filters:
            for count in block:
                images = nn.relu(nn.Conv(count, (3, 3), dtype=self.dtype)(images))
            images = nn.max_pool(images, (2, 2), (2, 2))
        images = images.reshape(len(images), -1)
        for units in self.task.dense:
            images = nn.relu(nn.Dense(units, dtype=self.dtype)(images))
        return nn.Dense(self.task.classes)(images.astype(jnp.float32))


def make_step(task: Task) -> Callable[[np.ndarray, np.ndarray], float]:
    """Makes the training step, which returns the loss."""
    model = VGG(task, jnp.dtype(task.precision))
    images, _ = next(task.batches())
    weights = model.init(jax.random.key(task.seed), images)
    optimizer = optax.adam(0.001, eps=1e-7)
    state = [weights, optimizer.init(weights)]

    @jax.jit
    def train(weights: Any, slots: Any, images: jax.Array, labels: jax.Array) -> Any:
        def loss_of(weights: Any) -> jax.Array:
            logits = model.apply(weights, images)
            return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

        loss, gradients = jax.value_and_grad(loss_of)(weights)
        updates, slots = optimizer.update(gradients, slots)
        return loss, optax.apply_updates(weights, updates), slots

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        loss, *state[:] = train(*state, images, labels)
        return float(loss)

    return step


if __name__ == "__main__":
    serve(make_step)
