"""The least that trains the same VGG on MNIST: no recording, no checks, no comparison.

`overhead.py` measures whole programs against it, so it imports nothing of the project; the minimal
loops of `vgg-keras benchmark` run inside of its process.
Usage, from the root of a checkout: `python scripts/measure/bare.py fit|tape EPOCHS LIMIT`.
"""

import sys

import keras
import numpy as np
import tensorflow as tf

layers = keras.layers


class VGG(keras.Model):
    """The reduced VGG of the notebook."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = [
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Classifies images."""
        for layer in self.stack:
            images = layer(images)
        return images


def train_with_fit(epochs: int) -> None:
    """Trains with compile and fit."""
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=epochs, validation_data=(x_test, y_test), verbose=2)


def train_with_tape(epochs: int) -> None:
    """Trains with tf.GradientTape, as the notebook does."""
    train_ds = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(10000).batch(32)
    test_ds = tf.data.Dataset.from_tensor_slices((x_test, y_test)).batch(32)
    loss_function = keras.losses.SparseCategoricalCrossentropy()
    optimizer = keras.optimizers.Adam()
    train_loss, test_loss = keras.metrics.Mean(), keras.metrics.Mean()
    train_accuracy = keras.metrics.SparseCategoricalAccuracy()
    test_accuracy = keras.metrics.SparseCategoricalAccuracy()
    metrics = [train_loss, train_accuracy, test_loss, test_accuracy]

    @tf.function
    def train_step(images: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_function(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_loss(loss)
        train_accuracy(labels, predictions)

    @tf.function
    def test_step(images: tf.Tensor, labels: tf.Tensor) -> None:
        predictions = model(images, training=False)
        test_loss(loss_function(labels, predictions))
        test_accuracy(labels, predictions)

    for epoch in range(epochs):
        for metric in metrics:
            metric.reset_state()
        for images, labels in train_ds:
            train_step(images, labels)
        for images, labels in test_ds:
            test_step(images, labels)
        names = ("loss", "accuracy", "val_loss", "val_accuracy")
        figures = zip(names, (f"{float(metric.result()):.4f}" for metric in metrics), strict=True)
        print(epoch + 1, *map(": ".join, figures), flush=True)


trainer, epochs, limit = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
with np.load("vgg_keras/datasets/mnist.npz") as arrays:
    x_train, y_train = arrays["x_train"][:limit, ..., tf.newaxis], arrays["y_train"][:limit]
    x_test, y_test = arrays["x_test"][: limit // 6, ..., tf.newaxis], arrays["y_test"][: limit // 6]
keras.utils.set_random_seed(0)
model = VGG()
{"fit": train_with_fit, "tape": train_with_tape}[trainer](epochs)
