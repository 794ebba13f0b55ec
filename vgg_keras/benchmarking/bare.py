"""The least that trains: what the trainers are timed beside. Nothing is checked, shown or kept."""

from __future__ import annotations

import keras
import tensorflow as tf

from vgg_keras.config import RunConfig
from vgg_keras.datasets import Arrays


def fit(
    model: keras.Model, arrays: Arrays, config: RunConfig, pace: keras.callbacks.Callback
) -> None:
    """Trains with `compile` and `fit`.

    Args:
        model: Built model.
        arrays: Images to train on.
        config: Gives epochs, batch size and `jit_compile`.
        pace: Callback that is called when an epoch begins and when a batch has ended.
    """
    model.compile(
        "adam",
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=config.jit_compile,
    )
    images = arrays.x_train.astype("float32") / 255
    model.fit(
        images,
        arrays.y_train,
        batch_size=config.batch_size,
        epochs=config.epochs,
        callbacks=[pace],
        verbose=0,
    )


def tape(
    model: keras.Model, arrays: Arrays, config: RunConfig, pace: keras.callbacks.Callback
) -> None:
    """Trains with `tf.GradientTape`; takes what `fit` takes."""
    images = arrays.x_train.astype("float32") / 255
    batches = tf.data.Dataset.from_tensor_slices((images, arrays.y_train))
    batches = batches.shuffle(10_000).batch(config.batch_size).prefetch(tf.data.AUTOTUNE)
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam()
    train_loss = keras.metrics.Mean()
    train_accuracy = keras.metrics.SparseCategoricalAccuracy()

    @tf.function(jit_compile=config.jit_compile)
    def train_step(images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_function(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_loss(loss)
        train_accuracy(labels, predictions)

    for epoch in range(config.epochs):
        pace.on_epoch_begin(epoch)
        for step, (images, labels) in enumerate(batches):
            train_step(images, labels)
            pace.on_train_batch_end(step, {"loss": train_loss.result()})
