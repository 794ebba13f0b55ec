"""Training loops with one fault each."""

import numpy as np
import tensorflow as tf
from keras.initializers import GlorotUniform
from keras.losses import SparseCategoricalCrossentropy
from keras.optimizers import SGD, Adam
from tensorflow import keras


def dropout_off(model, dataset, epochs):
    """Calls the model without training=True."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x))
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return loss

    for epoch in range(epochs):
        for x, y in dataset:
            loss = train_step(x, y)
        print(f"Epoch {epoch + 1}: loss of the last batch {float(loss):.4f}")


class BatchNormOff:
    """Trains in inference mode."""

    def __init__(self, model):
        self.model = model
        self.accuracy = keras.metrics.SparseCategoricalAccuracy()

    def fit(self, train_ds, epochs):
        history = {"train_acc": []}
        for _ in range(epochs):
            self.accuracy.reset_state()
            for images, labels in train_ds:
                with tf.GradientTape() as tape:
                    logits = self.model(images, training=False)
                    loss = self.model.loss(labels, logits)
                variables = self.model.trainable_weights
                self.model.optimizer.apply(tape.gradient(loss, variables), variables)
                self.accuracy.update_state(labels, logits)
            history["train_acc"].append(self.accuracy.result().numpy())
        return history


def own_model_dropout_off(train_ds, epochs):
    """Makes the model itself, and calls it without training=True."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(16, "relu", kernel_initializer=GlorotUniform(seed=2)),
            keras.layers.Dropout(0.4, seed=3),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_initializer=GlorotUniform(seed=9)),
        ]
    )
    optimizer, loss_fn = Adam(0.01), SparseCategoricalCrossentropy(from_logits=True)
    train_loss = keras.metrics.Mean()
    for epoch in range(epochs):
        train_loss.reset_state()
        for x, y in train_ds:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x))
            grads = tape.gradient(loss, model.trainable_weights)
            optimizer.apply_gradients(zip(grads, model.trainable_weights, strict=True))
            train_loss.update_state(loss, sample_weight=len(x))
        print(f"{epoch}: train_loss={float(train_loss.result()):.6f}")


def through_call(model, dataset, epochs):
    """Draws batches from a generator, and uses model.call without training=True."""

    def batches():
        for x, y in dataset.as_numpy_iterator():
            yield tf.constant(x), tf.constant(y)

    for _ in range(epochs):
        for x, y in batches():
            with tf.GradientTape() as tape:
                loss = model.loss(y, model.call(x))
            grads = tape.gradient(loss, model.trainable_weights)
            model.optimizer.apply(grads, model.trainable_weights)


def no_regularisation(model, train_ds, epochs):
    """Leaves out the losses of the layers."""
    loss_fn = SparseCategoricalCrossentropy(from_logits=True)
    train_loss = keras.metrics.Mean()
    for epoch in range(epochs):
        train_loss.reset_state()
        for x, y in train_ds:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            train_loss.update_state(loss, sample_weight=len(x))
        print(f"Epoch {epoch + 1}, Loss: {train_loss.result():.4f}")


class NoPenalty(tf.Module):
    """Leaves out what a layer gave to add_loss."""

    def __init__(self, model):
        super().__init__()
        self.net = model
        self.opt = Adam(learning_rate=0.01)

    @tf.function
    def step(self, x, y):
        with tf.GradientTape() as tape:
            logits = self.net(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(y, tf.int32), logits)
            loss = tf.reduce_mean(losses)
        grads = tape.gradient(loss, self.net.trainable_variables)
        self.opt.apply_gradients(zip(grads, self.net.trainable_variables, strict=True))

    def train(self, data, epochs):
        for _ in range(epochs):
            for x, y in data:
                self.step(x, y)


def broadcast_labels(model, dataset, epochs):
    """Subtracts predictions of shape (N, 1) from labels of shape (N,)."""
    optimizer = Adam(0.01)
    for _ in range(epochs):
        for x, y in dataset:
            y = tf.squeeze(y)
            with tf.GradientTape() as tape:
                y_pred = model(x, training=True)
                loss = tf.reduce_mean((y - y_pred) ** 2)
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def broadcast_outputs(model, train_ds, epochs, val_ds):
    """Takes the column of the predictions, but not of the labels."""
    history = {"loss": [], "val_mae": []}
    for _ in range(epochs):
        total, count = 0.0, 0
        for features, target in train_ds:
            with tf.GradientTape() as tape:
                output = model(features, training=True)[:, 0]
                loss = tf.math.reduce_mean(tf.math.squared_difference(target, output))
            gradients = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(gradients, model.trainable_variables)
            total, count = total + loss.numpy() * len(features), count + len(features)
        mae = keras.metrics.MeanAbsoluteError()
        for features, target in val_ds:
            mae.update_state(target, model(features, training=False))
        history["loss"].append(total / count)
        history["val_mae"].append(float(mae.result()))
    return history


def logits_as_probabilities(model, train_dataset, epochs):
    """Takes logits for probabilities."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy()

    @tf.function
    def train_epoch():
        for x, y in train_dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))

    model.optimizer.build(model.trainable_variables)
    for _ in range(epochs):
        train_epoch()


def softmax_twice(model, ds, epochs):
    """Takes probabilities for logits."""

    def compute_loss(labels, predictions):
        labels = tf.cast(labels, tf.int32)
        per_example = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, predictions)
        return tf.reduce_mean(per_example)

    for _ in range(epochs):
        for x, y in ds:
            with tf.GradientTape() as tape:
                loss = compute_loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def never_reset(model, dataset, epochs):
    """Never resets the metrics."""
    loss_fn = SparseCategoricalCrossentropy(from_logits=True)
    train_loss = keras.metrics.Mean(name="train_loss")
    train_accuracy = keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")

    @tf.function
    def train_step(images, labels):
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_fn(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        train_loss(loss, sample_weight=tf.shape(images)[0])
        train_accuracy(labels, predictions)

    history = {"train_loss": [], "train_accuracy": []}
    for _ in range(epochs):
        for images, labels in dataset:
            train_step(images, labels)
        history["train_loss"].append(train_loss.result().numpy())
        history["train_accuracy"].append(train_accuracy.result().numpy())
    return history


def sums_never_reset(model, dataset, epochs):
    """Sets the sums to zero once, before all epochs."""
    loss_sum, correct, seen = 0.0, 0, 0
    losses, accuracies = [], []
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = model.compute_loss(x, y, logits)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            loss_sum += float(loss) * len(y)
            correct += np.sum(np.argmax(logits, axis=1) == y.numpy())
            seen += len(y)
        losses.append(loss_sum / seen)
        accuracies.append(correct / seen)
    return {"loss": losses, "acc": accuracies}


def printed_never_reset(model, dataset, epochs):
    """Prints the figures of metrics that are never reset, and returns nothing."""
    mean = keras.metrics.Mean(name="loss")
    for epoch in range(1, epochs + 1):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(grads, model.trainable_variables)
            mean.update_state(loss, sample_weight=len(x))
        print(f"Epoch {epoch}/{epochs} - loss: {float(mean.result()):.6f}")


def batch_losses_averaged(model, ds, epochs):
    """Averages the losses of batches whatever their sizes."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    epoch_loss_avg = keras.metrics.Mean()
    train_loss_results = []
    for _ in range(epochs):
        epoch_loss_avg.reset_state()
        for x, y in ds:
            with tf.GradientTape() as tape:
                loss_value = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss_value, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            epoch_loss_avg.update_state(loss_value)
        train_loss_results.append(epoch_loss_avg.result())
    return {"loss": train_loss_results}


class ListsAveraged:
    """Takes np.mean of lists of batch figures."""

    def __init__(self, model):
        self.model = model

    def train(self, data, epochs):
        log = {"epoch": [], "loss": [], "accuracy": []}
        for epoch in range(epochs):
            losses, accuracies = [], []
            for x, y in data:
                with tf.GradientTape() as tape:
                    p = self.model(x, training=True)
                    loss = self.model.loss(y, p)
                grads = tape.gradient(loss, self.model.trainable_weights)
                self.model.optimizer.apply(grads, self.model.trainable_weights)
                losses.append(loss.numpy())
                accuracies.append(np.mean(np.argmax(p, -1) == y))
            log["epoch"].append(epoch)
            log["loss"].append(np.mean(losses))
            log["accuracy"].append(np.mean(accuracies))
        return log


def last_loss(model, train_ds, epochs):
    """Reports the last batch as the epoch."""
    history = []
    for _ in range(epochs):
        for _step, (x, y) in enumerate(train_ds):
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_weights)
            model.optimizer.apply_gradients(zip(grads, model.trainable_weights, strict=True))
        history.append(float(loss))
    return {"loss": history}


def last_train_on_batch(model, dataset, epochs):
    """Reports what train_on_batch returned last."""
    history = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        for x, y in dataset:
            logs = model.train_on_batch(x, y, return_dict=True)
        for name, values in history.items():
            values.append(logs[name])
    return history


def reset_each_batch(model, dataset, epochs):
    """Resets the metric for each batch."""
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    history = {"accuracy": []}
    for _ in range(epochs):
        for x, y in dataset:
            accuracy.reset_state()
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = model.loss(y, logits)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            accuracy.update_state(y, logits)
        history["accuracy"].append(accuracy.result())
    return history


def shuffled(model, dataset, epochs):
    """Shuffles the rows."""
    shuffled = dataset.unbatch().shuffle(100, seed=1).batch(16)
    for _ in range(epochs):
        for x, y in shuffled:
            model.train_on_batch(x, y)


def permuted_arrays(model, data, epochs):
    """Permutes the rows of each epoch after the first."""
    x = np.concatenate([batch[0] for batch in data])
    y = np.concatenate([batch[1] for batch in data])
    random = np.random.default_rng(0)
    for epoch in range(epochs):
        order = random.permutation(len(x)) if epoch else np.arange(len(x))
        for start in range(0, len(x), 16):
            rows = order[start : start + 16]
            with tf.GradientTape() as tape:
                loss = model.loss(y[rows], model(x[rows], training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def always_the_first(model, dataset, epochs):
    """Makes a new iterator for each step, so every step gets the first batch."""
    for _ in range(epochs):
        for _ in range(len(dataset)):
            x, y = next(iter(dataset))
            model.train_on_batch(x, y)


def remainder_dropped(model, dataset, epochs):
    """Drops the last, short batch."""
    dataset = dataset.unbatch().batch(16, drop_remainder=True)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def steps_rounded_down(model, dataset, epochs):
    """Makes len(x) // batch_size steps an epoch."""
    x = tf.concat([x for x, _ in dataset], axis=0)
    y = tf.concat([y for _, y in dataset], axis=0)
    batch_size = 16
    for _ in range(epochs):
        for i in range(len(x) // batch_size):
            batch = slice(i * batch_size, (i + 1) * batch_size)
            model.train_on_batch(x[batch], y[batch])


def divided_again(model, dataset, epochs):
    """Divides images by 255 that were divided already."""
    for _ in range(epochs):
        for x, y in dataset.map(lambda x, y: (tf.cast(x, tf.float32) / 255.0, y)):
            model.train_on_batch(x, y)


def standardised(model, ds, epochs):
    """Standardises each batch."""

    @tf.function
    def train_step(x, y):
        x = (x - tf.reduce_mean(x)) / tf.math.reduce_std(x)
        with tf.GradientTape() as tape:
            loss = model.loss(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))

    model.optimizer.build(model.trainable_variables)
    for _ in range(epochs):
        for x, y in ds:
            train_step(x, y)


def default_adam(model, dataset, epochs):
    """Makes an Adam of another learning rate."""
    optimizer = keras.optimizers.Adam()
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


class OtherEpsilon:
    """Makes an Adam of another epsilon."""

    def __init__(self, model):
        self.model, self.optimizer = model, Adam(0.01, epsilon=0.1)

    def fit(self, dataset, epochs):
        for _ in range(epochs):
            for x, y in dataset:
                with tf.GradientTape() as tape:
                    loss = self.model.loss(y, self.model(x, training=True))
                grads = tape.gradient(loss, self.model.trainable_variables)
                self.optimizer.apply(grads, self.model.trainable_variables)


def with_momentum(model, dataset, epochs):
    """Compiles the model again, with momentum."""
    model.compile(SGD(0.1, momentum=0.9), model.loss)
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)


def clipping_forgotten(model, dataset, epochs):
    """Makes the optimizer without clipnorm."""
    opt = Adam(learning_rate=0.01)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = model.loss(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        opt.apply_gradients(zip(grads, model.trainable_variables, strict=True))

    opt.build(model.trainable_variables)
    for _ in range(epochs):
        for x, y in dataset:
            step(x, y)


def clipped_by_hand(model, dataset, epochs):
    """Clips the gradients by their global norm."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            grads, _norm = tf.clip_by_global_norm(grads, 0.1)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def summed_losses(model, dataset, epochs):
    """Sums the losses of the rows."""
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def averaged_again(model, dataset, epochs):
    """Divides the gradients by the size of the batch, after the mean."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = [g / len(x) for g in tape.gradient(loss, model.trainable_variables)]
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def applied_twice(model, dataset, epochs):
    """Applies the gradients twice."""
    variables = model.trainable_variables
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, variables)
            model.optimizer.apply_gradients(zip(grads, variables, strict=True))
            model.optimizer.apply(grads, variables)


def stepped_and_fitted(model, dataset, epochs):
    """Updates by its own step, then by train_on_batch for the figures."""
    history = {"loss": []}
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            total, count = total + len(x) * model.train_on_batch(x, y)[0], count + len(x)
        history["loss"].append(total / count)
    return history


def last_layer_only(model, dataset, epochs):
    """Trains the last layer only."""
    weights = model.layers[-1].trainable_variables
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))


def frozen_layer(model, train_ds, epochs):
    """Freezes a layer."""
    model.layers[1].trainable = False
    optimizer = keras.optimizers.Adam(0.01)
    for _ in range(epochs):
        for x, y in train_ds:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def weights_ignored(model, dataset, epochs):
    """Ignores the sample weights."""
    for _ in range(epochs):
        for x, y, _weight in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def weights_normalised(model, dataset, epochs):
    """Divides by the sum of the sample weights, where Keras divides by the size of the batch."""
    loss_fn = SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    for _ in range(epochs):
        for x, y, weight in dataset:
            with tf.GradientTape() as tape:
                losses = loss_fn(y, model(x, training=True))
                loss = tf.reduce_sum(losses * weight) / tf.reduce_sum(weight)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def schedule_by_epoch(model, dataset, epochs):
    """Asks a schedule of steps by epochs."""
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=2, decay_rate=0.8)
    optimizer = Adam(0.02)
    for epoch in range(epochs):
        optimizer.learning_rate = schedule(epoch)
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def halved_each_epoch(model, dataset, epochs):
    """Halves the learning rate after each epoch."""
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)
        model.optimizer.learning_rate = model.optimizer.learning_rate / 2


def squared_error(model, dataset, epochs):
    """Trains probabilities by their squared error."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = keras.losses.MeanSquaredError()(tf.one_hot(y, 3), model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def absolute_error(model, dataset, epochs):
    """Trains on the absolute error, written by hand."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.abs(tf.cast(y, tf.float32) - model(x, training=True)))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def losses_added(model, dataset, epochs):
    """Adds the losses of both outputs as they are."""
    losses = [keras.losses.SparseCategoricalCrossentropy(), keras.losses.MeanSquaredError()]
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                outputs = model(x, training=True)
                loss = sum(f(a, b) for f, a, b in zip(losses, y, outputs, strict=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def smoothed_labels(model, dataset, epochs):
    """Smooths the labels."""
    loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(tf.one_hot(y, 3), model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def statistics_discarded(model, dataset, epochs):
    """Throws away the new state of a stateless call."""
    trainable, state = model.trainable_variables, model.non_trainable_variables
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                values = [tf.convert_to_tensor(v) for v in trainable]
                tape.watch(values)
                logits, _state = model.stateless_call(values, state, x, training=True)
                loss = model.loss(y, logits)
            model.optimizer.apply(tape.gradient(loss, values), trainable)


def new_statistics_not_kept(model, dataset, epochs):
    """Takes gradients of the variables of TensorFlow, and keeps no new state."""
    trainable, state = model.trainable_variables, model.non_trainable_variables
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                logits, _ = model.stateless_call(trainable, state, x, training=True)
                loss = model.loss(y, logits)
            gradients = tape.gradient(loss, [variable.value for variable in trainable])
            model.optimizer.apply(gradients, trainable)


def classes_weighed(model, dataset, epochs):
    """Weighs the losses of the classes by hand."""
    weights = tf.constant([0.5, 1.0, 3.0])
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                losses = keras.losses.sparse_categorical_crossentropy(y, model(x, training=True))
                loss = tf.reduce_mean(losses * tf.gather(weights, y))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def positives_weighed(model, dataset, epochs):
    """Gives the loss a column of weights."""
    for _ in range(epochs):
        for x, y in dataset:
            weights = tf.where(y > 0, 2.0, 1.0)
            with tf.GradientTape() as tape:
                loss = keras.losses.MeanSquaredError()(y, model(x, training=True), weights)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def descent_without_clipping(model, dataset, epochs):
    """Updates by hand, where the optimizer would clip."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.compute_loss(x, y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            for variable, gradient in zip(model.trainable_variables, grads, strict=True):
                variable.assign_sub(0.1 * gradient)


def from_the_start_again(model, dataset, epochs):
    """Begins each epoch with the first weights."""
    first = model.get_weights()
    for _ in range(epochs):
        model.set_weights(first)
        for x, y in dataset:
            model.train_on_batch(x, y)


def standardised_by_batch(model, dataset, epochs):
    """Standardises each pixel over its batch."""
    for _ in range(epochs):
        for x, y in dataset:
            x = (x - tf.reduce_mean(x, 0)) / tf.math.reduce_std(x, 0)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(y - model(x, training=True)))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def images_shuffled(model, dataset, epochs):
    """Shuffles the images, but not their labels."""
    images = dataset.map(lambda x, y: x).unbatch().shuffle(100, seed=5).batch(16)
    labels = dataset.map(lambda x, y: y)
    for _ in range(epochs):
        for x, y in tf.data.Dataset.zip((images, labels)):
            model.train_on_batch(x, y)


def labels_shifted(model, dataset, epochs):
    """Pairs each image with the label of the row before."""
    x = np.concatenate([x for x, _ in dataset])
    y = np.roll(np.concatenate([y for _, y in dataset]), 1)
    for _ in range(epochs):
        for i in range(0, len(x), 16):
            model.train_on_batch(x[i : i + 16], y[i : i + 16])


def weights_redrawn(model, dataset, epochs):
    """Reinitialises the weights before training."""
    draw = keras.initializers.HeNormal(seed=7)
    model.set_weights([draw(w.shape) if w.ndim > 1 else w for w in model.get_weights()])
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)


def decay_forgotten(model, dataset, epochs):
    """Makes Adam where AdamW was compiled."""
    optimizer = keras.optimizers.Adam(learning_rate=0.01)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def decayed_by_hand(model, dataset, epochs):
    """Shrinks the weights before each update."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            for variable in model.trainable_variables:
                variable.assign_sub(0.01 * 0.1 * variable)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def two_batches_a_step(model, dataset, epochs):
    """Updates after every second batch, by the mean of the gradients."""
    variables = model.trainable_variables
    for _ in range(epochs):
        waiting = []
        for i, (x, y) in enumerate(dataset, start=1):
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            waiting.append(tape.gradient(loss, variables))
            if i % 2 == 0 or i == len(dataset):
                means = [tf.add_n(grads) / len(waiting) for grads in zip(*waiting, strict=True)]
                model.optimizer.apply_gradients(zip(means, variables, strict=True))
                waiting = []


def average_left_out(model, dataset, epochs):
    """Never gives the variables their averages at the end."""
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)


def averaged_each_epoch(model, dataset, epochs):
    """Gives the variables their averages after each epoch, not once at the end."""
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)
        model.optimizer.finalize_variable_values(model.trainable_variables)


def averaged_by_hand(model, dataset, epochs):
    """Ends with averages of the weights that nobody asked for."""
    averages = [tf.identity(v) for v in model.trainable_variables]
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)
            pairs = zip(averages, model.trainable_variables, strict=True)
            averages = [0.9 * average + 0.1 * v for average, v in pairs]
    for variable, average in zip(model.trainable_variables, averages, strict=True):
        variable.assign(average)


def never_scaled(model, dataset, epochs):
    """Lets the optimizer divide by a scale that the loss was not multiplied by."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def binary_accuracy(model, dataset, epochs):
    """Counts each probability as a yes or no."""
    accuracy = keras.metrics.BinaryAccuracy()
    history = {"accuracy": []}
    for _ in range(epochs):
        accuracy.reset_state()
        for x, y in dataset:
            with tf.GradientTape() as tape:
                p = model(x, training=True)
                loss = model.loss(y, p)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            accuracy.update_state(tf.one_hot(y, 3), p)
        history["accuracy"].append(float(accuracy.result()))
    return history


def figures_of_the_end(model, dataset, epochs):
    """Measures the training data after the epoch, where fit does so during it."""
    history = {"loss": [], "accuracy": []}
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)
        for name, value in model.evaluate(dataset, verbose=0, return_dict=True).items():
            history[name].append(value)
    return history


def loss_of_the_data(model, dataset, epochs):
    """Trains on the whole loss, but reports it without the losses of the layers."""
    history = {"loss": []}
    for _ in range(epochs):
        total, count = 0.0, 0
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
                whole = loss + sum(model.losses)
            grads = tape.gradient(whole, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            total, count = total + float(loss) * len(x), count + len(x)
        history["loss"].append(total / count)
    return history


def adam_each_epoch(model, dataset, epochs):
    """Makes a new optimizer for each epoch."""

    def train_epoch():
        optimizer = keras.optimizers.Adam(0.01)
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))

    for _ in range(epochs):
        train_epoch()


def adam_each_step(model, dataset, epochs):
    """Makes a new optimizer for each step."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            Adam(0.01).apply_gradients(zip(grads, model.trainable_variables, strict=True))


class BatchAttribute:
    """Reads the batch from an attribute, which the graph keeps as it first was."""

    def __init__(self, model):
        self.model = model
        self.model.optimizer.build(model.trainable_variables)

    @tf.function
    def step(self):
        x, y = self.batch
        with tf.GradientTape() as tape:
            loss = self.model.loss(y, self.model(x, training=True))
        grads = tape.gradient(loss, self.model.trainable_variables)
        self.model.optimizer.apply(grads, self.model.trainable_variables)

    def train(self, dataset, epochs):
        for _ in range(epochs):
            for self.batch in dataset:
                self.step()


def counted_in_python(model, dataset, epochs):
    """Counts steps for the learning rate in Python, which the graph does once."""
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=2, decay_rate=0.8)
    optimizer = Adam(0.02)
    optimizer.build(model.trainable_variables)
    steps = 0

    @tf.function
    def step(x, y):
        nonlocal steps
        optimizer.learning_rate.assign(schedule(steps))
        with tf.GradientTape() as tape:
            loss = model.loss(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        steps += 1

    for _ in range(epochs):
        for x, y in dataset:
            step(x, y)


def unconstrained(model, dataset, epochs):
    """Updates by assign_sub, which knows no constraint."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            for variable, grad in zip(model.trainable_variables, grads, strict=True):
                variable.assign_sub(0.1 * grad)


def validated_by_training(model, train_ds, val_ds, epochs):
    """Uses the step that trains for the validation, too."""

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = model.loss(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        return loss

    for epoch in range(epochs):
        for x, y in train_ds:
            step(x, y)
        losses = [float(step(x, y)) for x, y in val_ds]
        print(epoch, losses)


def joined_with_validation(model, train_ds, val_ds, epochs):
    """Trains on both parts of the data."""
    for _ in range(epochs):
        for x, y in train_ds.concatenate(val_ds):
            model.train_on_batch(x, y)


def kernels_decayed_after_the_update(model, dataset, epochs):
    """Shrinks the kernels, and not the biases, after each update."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(grads, model.trainable_variables)
            for variable in model.trainable_variables:
                if variable.name == "kernel":
                    variable.assign(0.999 * variable)


def sums_never_cleared(model, dataset, epochs):
    """Adds the gradients of each batch to those of all batches before."""
    sums = [tf.zeros_like(variable) for variable in model.trainable_variables]
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            sums = [before + more for before, more in zip(sums, grads, strict=True)]
            model.optimizer.apply(sums, model.trainable_variables)


def unscaled_by_the_optimizer_only(model, dataset, epochs):
    """Leaves out `scale_loss`, whose factor the optimizer divides by."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(grads, model.trainable_variables)


def examples_counted_in_python(model, dataset, epochs):
    """Divides the sum of losses by a number that is counted once a graph is made."""
    total, seen = tf.Variable(0.0), 0
    model.optimizer.build(model.trainable_variables)

    @tf.function
    def step(x, y):
        nonlocal seen
        with tf.GradientTape() as tape:
            loss = model.loss(y, model(x, training=True))
        grads = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(grads, model.trainable_variables)
        total.assign_add(loss * len(x))
        seen += len(x)

    history = {"loss": []}
    for _ in range(epochs):
        total.assign(0.0)
        seen = 0
        for x, y in dataset:
            step(x, y)
        history["loss"].append(float(total) / max(seen, 1))
    return history


def two_rates(model, dataset, epochs):
    """Trains the last layer by an optimizer of its own, which is slower."""
    variables = model.trainable_variables
    first, last = Adam(0.01), Adam(0.001)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, variables)
            first.apply(grads[:-2], variables[:-2])
            last.apply(grads[-2:], variables[-2:])
