"""Training loops that look odd, and give what `fit` gives."""

import threading
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from keras.losses import MeanSquaredError, SparseCategoricalCrossentropy


def own_adam(model, train_ds, val_ds, epochs):
    """Makes its own Adam, configured alike, and its own metrics."""
    optimizer = keras.optimizers.Adam(learning_rate=0.01)
    loss_fn = SparseCategoricalCrossentropy(from_logits=True)
    train_loss, val_loss = keras.metrics.Mean(), keras.metrics.Mean()
    train_acc = keras.metrics.SparseCategoricalAccuracy()

    @tf.function
    def train_step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = loss_fn(y, logits)
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
        train_loss.update_state(loss, sample_weight=tf.shape(x)[0])
        train_acc.update_state(y, logits)

    optimizer.build(model.trainable_variables)
    history = {"train_loss": [], "train_acc": [], "val_loss": [], "learning_rate": []}
    for _ in range(epochs):
        for x, y in train_ds:
            train_step(x, y)
        for x, y in val_ds:
            val_loss.update_state(loss_fn(y, model(x, training=False)), sample_weight=len(x))
        history["train_loss"].append(train_loss.result())
        history["train_acc"].append(train_acc.result())
        history["val_loss"].append(val_loss.result())
        history["learning_rate"].append(optimizer.learning_rate.numpy())
        for metric in (train_loss, train_acc, val_loss):
            metric.reset_state()
    return history


def scaled_and_unscaled(model, dataset, epochs):
    """Scales the loss by a power of two, and the gradients back."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True)) * 1024.0
            grads = tape.gradient(loss, model.trainable_variables)
            grads = [g / 1024.0 for g in grads]
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def on_batches(model, dataset, epochs):
    """Weights what train_on_batch returns by the sizes of the batches."""
    history = {"loss": [], "acc": []}
    for _ in range(epochs):
        rows = [(*model.train_on_batch(x, y), len(x)) for x, y in dataset]
        loss, accuracy, size = np.array(rows).T
        history["loss"].append(np.average(loss, weights=size))
        history["acc"].append(np.average(accuracy, weights=size))
    return history


def persistent_tape(model, dataset, epochs):
    """Takes the gradients layer by layer from one persistent tape."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape(persistent=True) as tape:
                loss = model.loss(y, model(x, training=True))
            grads = [g for layer in model.layers for g in tape.gradient(loss, layer.weights)]
            del tape
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def two_tapes(model, dataset, epochs):
    """Takes the gradients of two groups of variables from two tapes."""
    first, last = model.trainable_variables[:2], model.trainable_variables[2:]
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as outer, tf.GradientTape() as inner:
                loss = model.loss(y, model(x, training=True))
            grads = [*outer.gradient(loss, first), *inner.gradient(loss, last)]
            model.optimizer.apply(grads, first + last)


def over_arrays(model, dataset, epochs):
    """Cuts batches from arrays, and counts in NumPy."""
    pairs = list(dataset.unbatch().as_numpy_iterator())
    x, y = (np.stack(column) for column in zip(*pairs, strict=True))
    accuracies = []
    for _ in range(epochs):
        correct = 0
        for start in range(0, len(x), 16):
            xb, yb = x[start : start + 16], y[start : start + 16]
            with tf.GradientTape() as tape:
                p = model(tf.constant(xb), training=True)
                loss = model.loss(yb, p)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            correct += (p.numpy().argmax(1) == yb).sum()
        accuracies.append(correct / len(x))
    return {"accuracy": accuracies}


def train_step_by_hand(model, dataset, epochs):
    """Calls the train_step of Keras."""
    history = []
    for _ in range(epochs):
        model.reset_metrics()
        for batch in dataset:
            logs = model.train_step(batch)
        history.append({name: float(value) for name, value in logs.items()})
    return {name: [logs[name] for logs in history] for name in history[0]}


def loss_by_hand(model, dataset, epochs):
    """Writes the cross-entropy out."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                scores = tf.nn.log_softmax(model(x, training=True))
                loss = -tf.reduce_mean(tf.gather(scores, y, axis=1, batch_dims=1))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


class PerExample:
    """Averages the losses of the rows, and adds those of the layers."""

    def __init__(self, model):
        self.model = model
        self.loss = SparseCategoricalCrossentropy(from_logits=True, reduction="none")

    def fit(self, data, epochs):
        losses = []
        for _ in range(epochs):
            total = count = 0
            for x, y in data:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(self.loss(y, self.model(x, training=True)))
                    loss = tf.add_n([loss, *self.model.losses])
                grads = tape.gradient(loss, self.model.trainable_variables)
                self.model.optimizer.apply(grads, self.model.trainable_variables)
                total, count = total + loss * len(x), count + len(x)
            losses.append(total / count)
        return {"loss": losses}


def fit_by_epoch(model, dataset, epochs):
    """Calls fit for each epoch."""
    history = {}
    for _ in range(epochs):
        logs = model.fit(dataset, shuffle=False, verbose=0).history
        history = {name: history.get(name, []) + values for name, values in logs.items()}
    return history


def overridden_step(model, dataset, epochs):
    """Wraps the model in one with its own train_step."""

    class Custom(keras.Model):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            grads = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=True))
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss, sample_weight=tf.shape(x)[0])
                else:
                    metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics}

    custom = Custom(model.inputs, model.outputs)
    custom.compile(keras.optimizers.Adam(0.01), model.loss, metrics=["accuracy"])
    return custom.fit(dataset, epochs=epochs, shuffle=False, verbose=0)


def enumerated(model, ds, epochs):
    """Prints running figures, and drops the statistics of a look at the first batch."""
    for x, _ in ds.take(1):
        print(model(x, training=False).shape)
    for _ in range(epochs):
        losses = []
        for i, (x, y) in enumerate(ds, start=1):
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_weights)
            model.optimizer.apply_gradients(zip(grads, model.trainable_weights, strict=True))
            losses.append(float(loss))
            if i % 3 == 0:
                print(f"\rbatch {i}, mean of the last three {np.mean(losses[-3:]):.3f}")


def by_iterator(model, dataset, epochs):
    """Draws batches from an iterator until it ends."""
    epoch = 0
    while epoch < epochs:
        iterator = iter(dataset)
        while True:
            try:
                x, y = next(iterator)
            except StopIteration:
                break
            model.train_on_batch(x, y)
        epoch += 1


def batched_again(model, dataset, epochs):
    """Unbatches the data and batches it again."""
    dataset = dataset.unbatch().cache().batch(16).prefetch(tf.data.AUTOTUNE)
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)


def repeated(model, dataset, epochs):
    """Counts the steps over one endless iterator."""
    steps = int(dataset.cardinality())
    batches = iter(dataset.repeat())
    losses = []
    for _ in range(epochs):
        total, count = 0.0, 0
        for _ in range(steps):
            x, y = next(batches)
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            total, count = total + float(loss) * len(y), count + len(y)
        losses.append(total / count)
    return {"loss": losses}


def clone_trained(model, dataset, epochs):
    """Trains a clone, and copies its weights back."""
    clone = keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    optimizer = model.optimizer.__class__.from_config(model.optimizer.get_config())
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, clone(x, training=True))
            grads = tape.gradient(loss, clone.trainable_variables)
            optimizer.apply_gradients(zip(grads, clone.trainable_variables, strict=True))
    model.set_weights(clone.get_weights())


class OneGraph(tf.Module):
    """Runs a whole epoch in one tf.function."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.mean = keras.metrics.Mean()
        model.optimizer.build(model.trainable_variables)

    @tf.function
    def epoch(self, ds):
        for x, y in ds:
            with tf.GradientTape() as tape:
                loss = self.model.loss(y, self.model(x, training=True))
            grads = tape.gradient(loss, self.model.trainable_variables)
            self.model.optimizer.apply(grads, self.model.trainable_variables)
            self.mean.update_state(loss, sample_weight=tf.shape(x)[0])
        return self.mean.result()

    def train(self, train_dataset, epochs):
        losses = []
        for _ in range(epochs):
            self.mean.reset_state()
            losses.append(self.epoch(train_dataset))
        return {"Loss": losses}


def own_model(dataset, epochs):
    """Makes the model itself."""

    def kernel(seed):
        return keras.initializers.GlorotUniform(seed=seed)

    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu", kernel_initializer=kernel(1)),
            layers.Flatten(),
            layers.Dense(3, kernel_initializer=kernel(9)),
        ]
    )
    optimizer = keras.optimizers.Adam(0.01)
    loss_fn = SparseCategoricalCrossentropy(from_logits=True)
    mean = keras.metrics.Mean()
    history = {"loss": []}
    for _ in range(epochs):
        mean.reset_state()
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))
            mean.update_state(loss, len(x))
        history["loss"].append(float(mean.result()))
    return history


def logits_recovered(model, dataset, epochs):
    """Says from_logits=True of a softmax, whose logits Keras finds again."""
    loss_fn = SparseCategoricalCrossentropy(from_logits=True)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def flat_labels(model, dataset, epochs):
    """Gives labels of shape (N,) to a loss of Keras, which gives them a column."""
    loss_fn = MeanSquaredError()
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = loss_fn(tf.squeeze(y, 1), model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def weighted_by_hand(model, dataset, epochs):
    """Weights the rows by hand, and divides by their number."""
    loss_fn = SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    for _ in range(epochs):
        for x, y, weight in dataset:
            with tf.GradientTape() as tape:
                losses = loss_fn(y, model(x, training=True))
                loss = tf.reduce_sum(losses * weight) / len(x)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def named_inputs(model, dataset, epochs):
    """Puts the inputs into another order."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                inputs = {"place": x["place"], "image": x["image"]}
                loss = model.loss(y, model(inputs, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def scaled_loss(model, dataset, epochs):
    """Scales the loss as the optimizer wants it."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.optimizer.scale_loss(model.loss(y, model(x, training=True)))
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def descent_by_hand(model, dataset, epochs):
    """Updates by assign_sub where SGD does no more than that."""
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            for variable, grad in zip(model.trainable_variables, grads, strict=True):
                variable.assign_sub(0.1 * grad)


def two_optimizers(model, dataset, epochs):
    """Gives each half of the variables an optimizer of its own."""
    variables = model.trainable_variables
    first, last = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            grads = tape.gradient(loss, variables)
            first.apply(grads[:2], variables[:2])
            last.apply(grads[2:], variables[2:])


def in_a_thread(model, dataset, epochs):
    """Trains in a thread of its own, and prints the loss."""

    def work():
        for epoch in range(epochs):
            total = count = 0
            for x, y in dataset:
                total += float(model.train_on_batch(x, y)[0]) * len(y)
                count += len(y)
            print(f"epoch {epoch} loss: {total / count:.6f}")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def averages_at_the_end(model, dataset, epochs):
    """Gives the variables their averages once, at the end."""
    for _ in range(epochs):
        for x, y in dataset:
            model.train_on_batch(x, y)
    model.optimizer.finalize_variable_values(model.trainable_variables)


def clipped_as_compiled(model, dataset, epochs):
    """Clips as the optimizer of the model would."""
    optimizer = keras.optimizers.Adam(0.01)
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.compute_loss(x, y, model(x, training=True))
            grads = tape.gradient(loss, model.trainable_variables)
            grads = [tf.clip_by_norm(gradient, 0.05) for gradient in grads]
            optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def half_batches(model, dataset, epochs):
    """Takes the gradients of the halves of each batch, and averages them."""
    for _ in range(epochs):
        for x, y in dataset:
            grads = []
            for half in zip(tf.split(x, 2), tf.split(y, 2), strict=True):
                with tf.GradientTape() as tape:
                    loss = model.loss(half[1], model(half[0], training=True))
                grads.append(tape.gradient(loss, model.trainable_variables))
            grads = [(a + b) / 2 for a, b in zip(*grads, strict=True)]
            model.optimizer.apply_gradients(zip(grads, model.trainable_variables, strict=True))


def statistics_assigned_after_the_update(model, dataset, epochs):
    """Calls the model without state, and assigns the new statistics last."""
    for _ in range(epochs):
        for x, y in dataset:
            weights = [variable.value for variable in model.trainable_variables]
            others = [variable.value for variable in model.non_trainable_variables]
            with tf.GradientTape() as tape:
                tape.watch(weights)
                outputs, others = model.stateless_call(weights, others, x, training=True)
                loss = model.loss(y, outputs)
            grads = tape.gradient(loss, weights)
            model.optimizer.apply(grads, model.trainable_variables)
            for variable, value in zip(model.non_trainable_variables, others, strict=True):
                variable.assign(value)


def timed(model, dataset, epochs):
    """Returns a figure that differs from run to run, beside one that `fit` has."""
    history = {"seconds": [], "loss": []}
    for _ in range(epochs):
        began, total, count = time.perf_counter(), 0.0, 0
        for x, y in dataset:
            total += len(x) * float(model.train_on_batch(x, y)[0])
            count += len(x)
        history["loss"].append(total / count)
        history["seconds"].append(time.perf_counter() - began)
    return history


def own_decay_of_kernels(model, dataset, epochs):
    """Makes its own AdamW, which spares the biases as the compiled one does."""
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    for _ in range(epochs):
        for x, y in dataset:
            with tf.GradientTape() as tape:
                loss = model.loss(y, model(x, training=True))
            optimizer.apply(
                tape.gradient(loss, model.trainable_variables), model.trainable_variables
            )
