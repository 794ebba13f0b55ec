"""Training loops with two faults each."""

import keras
import numpy as np
import tensorflow as tf


def dropout_off_and_losses_averaged(model, dataset, epochs):
    """Calls the model without training=True; averages batches whatever their sizes."""
    history = {"loss": []}
    for _ in range(epochs):
        losses = []
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            losses.append(loss)
        history["loss"].append(np.mean(losses))
    return history


def broadcast_and_never_reset(model, train_ds, epochs):
    """Subtracts (N, 1) from (N,); never resets the metric."""
    mae = keras.metrics.MeanAbsoluteError()
    history = {"mae": []}
    for _ in range(epochs):
        for x, y in train_ds:
            with tf.GradientTape() as tape:
                output = model(x, training=True)
                loss = tf.reduce_mean(tf.square(tf.squeeze(y) - output))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            mae.update_state(y, output)
        history["mae"].append(float(mae.result()))
    return history


class PlainAndClipped:
    """Leaves out the losses of the layers; clips the gradients by hand."""

    def __init__(self, model):
        self.model = model

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            loss = self.model.loss(y, self.model(x, training=True))
        grads = tape.gradient(loss, self.model.trainable_variables)
        grads = [tf.clip_by_norm(g, 0.05) for g in grads]
        self.model.optimizer.apply(grads, self.model.trainable_variables)

    def fit(self, dataset, epochs):
        self.model.optimizer.build(self.model.trainable_variables)
        for _ in range(epochs):
            for x, y in dataset:
                self.step(x, y)


def divided_and_default_adam(model, ds, epochs):
    """Divides the images again; makes an Adam of another learning rate."""
    optimizer = keras.optimizers.Adam()
    for _ in range(epochs):
        for x, y in ds:
            x = x / 255.0
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def logits_and_adam_each_epoch(model, dataset, epochs):
    """Takes logits for probabilities; makes a new optimizer for each epoch."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy()
    for _ in range(epochs):
        optimizer = keras.optimizers.Adam(0.01)
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
