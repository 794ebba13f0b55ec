"""Small compiled models; each call of a factory gives the same weights."""

import keras
from keras import layers


def initialiser(seed):
    return keras.initializers.GlorotUniform(seed=seed)


def dense(units, seed, activation=None, **options):
    return layers.Dense(units, activation, kernel_initializer=initialiser(seed), **options)


def convolution(**options):
    return layers.Conv2D(4, 3, kernel_initializer=initialiser(1), **options)


def classify(*hidden, optimizer=None, softmax=False):
    inputs = outputs = keras.Input((8, 8, 1))
    for layer in (*hidden, layers.Flatten(), dense(3, 9, "softmax" if softmax else None)):
        outputs = layer(outputs)
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer or keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax),
        metrics=["accuracy"],
    )
    return model


def make_plain():
    return classify(convolution(activation="relu"))


def make_softmax():
    return classify(layers.Flatten(), dense(8, 2, "tanh"), softmax=True)


def make_sgd():
    return classify(convolution(activation="tanh"), optimizer=keras.optimizers.SGD(0.1))


def make_scaled_sgd():
    return classify(
        convolution(activation="tanh"),
        optimizer=keras.optimizers.SGD(0.1, loss_scale_factor=64.0),
    )


def make_batch_norm():
    return classify(
        convolution(use_bias=False), layers.BatchNormalization(momentum=0.9), layers.ReLU()
    )


def make_dropout():
    return classify(layers.Flatten(), dense(16, 2, "relu"), layers.Dropout(0.4, seed=3))


def make_l2():
    return classify(convolution(activation="relu", kernel_regularizer=keras.regularizers.L2(0.05)))


class Penalty(layers.Layer):
    def call(self, inputs):
        self.add_loss(0.1 * keras.ops.mean(keras.ops.square(inputs)))
        return inputs


def make_penalty():
    return classify(layers.Flatten(), dense(8, 2, "tanh"), Penalty())


def make_clipped():
    return classify(
        convolution(activation="relu"), optimizer=keras.optimizers.Adam(0.01, clipnorm=0.05)
    )


def make_clipped_sgd():
    optimizer = keras.optimizers.SGD(0.1, global_clipnorm=0.05)
    return classify(convolution(activation="relu"), optimizer=optimizer)


def make_decay():
    return classify(
        convolution(activation="relu"), optimizer=keras.optimizers.AdamW(0.01, weight_decay=0.1)
    )


def make_decay_of_kernels():
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return classify(convolution(activation="relu"), optimizer=optimizer)


def make_schedule():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, decay_steps=2, decay_rate=0.8)
    return classify(convolution(activation="relu"), optimizer=keras.optimizers.Adam(schedule))


def make_ema():
    return classify(
        convolution(activation="relu"),
        optimizer=keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9),
    )


def make_constraint():
    unit = keras.constraints.UnitNorm(axis=[0, 1, 2])
    return classify(
        convolution(activation="tanh", kernel_constraint=unit), optimizer=keras.optimizers.SGD(0.1)
    )


def make_regression():
    inputs = keras.Input((8, 8, 1))
    hidden = dense(8, 1, "tanh")(layers.Flatten()(inputs))
    model = keras.Model(inputs, dense(1, 2)(hidden))
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model


def make_float16():
    inputs = keras.Input((8, 8, 1))
    hidden = dense(8, 1, "tanh", dtype="mixed_float16")(layers.Flatten()(inputs))
    model = keras.Model(inputs, dense(3, 2)(hidden))
    model.compile(
        keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.1), initial_scale=1024.0, dynamic_growth_steps=5
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def make_two_inputs():
    image, place = keras.Input((8, 8, 1), name="image"), keras.Input((2,), name="place")
    joined = layers.Concatenate()([dense(8, 1, "tanh")(layers.Flatten()(image)), place])
    model = keras.Model({"image": image, "place": place}, dense(3, 2)(joined))
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def make_two_outputs():
    image = keras.Input((8, 8, 1))
    hidden = dense(8, 1, "tanh")(layers.Flatten()(image))
    model = keras.Model(image, [dense(3, 2, "softmax")(hidden), dense(1, 3)(hidden)])
    losses = ["sparse_categorical_crossentropy", "mse"]
    model.compile(keras.optimizers.Adam(0.01), losses, loss_weights=[1, 0.2])
    return model
