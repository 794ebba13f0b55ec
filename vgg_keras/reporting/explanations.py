"""What makes a loop another training than `fit`: what it is, why it matters, and what to change."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """A cause in words.

    Attributes:
        what: What the loop does.
        why: What `fit` does instead, and what follows.
        fix: What to change.
    """

    what: str
    why: str
    fix: str


EXPLANATIONS: dict[str, Explanation] = {
    "training-flag": Explanation(
        "The model is called without training=True in a step, or with it in validation.",
        "fit passes training=True in steps and False in validation. Dropout and batch "
        "normalisation do something else in each.",
        "Call model(x, training=True) in the step and model(x, training=False) in validation.",
    ),
    "missing-extra-losses": Explanation(
        "The losses of layers are left out.",
        "fit adds model.losses, which regularisers and add_loss fill, to the loss of each batch.",
        "Add sum(model.losses) to the loss.",
    ),
    "label-shape": Explanation(
        "Labels of shape (batch,) meet outputs of shape (batch, 1).",
        "A loss written by hand compares each label with each output then, (batch, batch) values; "
        "Keras's losses bring both to one shape.",
        "Give labels the shape of the outputs: y = tf.reshape(y, (-1, 1)).",
    ),
    "from-logits": Explanation(
        "The loss takes logits for probabilities, or probabilities for logits.",
        "The model was compiled with a loss that takes the outputs for what they are.",
        "Use the loss with the from_logits that the model was compiled with.",
    ),
    "metric-not-reset": Explanation(
        "Metrics are not reset, so that figures go on over epochs.",
        "fit resets all metrics at the beginning of each epoch and of each validation.",
        "Call metric.reset_state() at the beginning of each epoch.",
    ),
    "metric-not-updated": Explanation(
        "The metric is never updated, and stays 0.",
        "fit updates the mean of the loss and all metrics after each batch. A train_step of one's "
        "own has to do so itself.",
        "Update the metric in each step.",
    ),
    "mean-of-batch-means": Explanation(
        "The figure is the mean of the figures of batches.",
        "fit weighs each batch by its examples; a short last batch counts less.",
        "Update the metric with sample_weight=len(x), or sum over examples.",
    ),
    "last-batch-only": Explanation(
        "The figure is that of the last batch.",
        "fit gives the mean over all examples of the epoch.",
        "Add up over the epoch, for example with keras.metrics.Mean.",
    ),
    "data-order": Explanation(
        "Other examples, or the same in another order, reach the model.",
        "fit takes the batches of the data set as they come.",
        "Iterate over the data set itself, or shuffle both alike.",
    ),
    "data-pairing": Explanation(
        "Examples get the labels of others.",
        "fit keeps inputs and targets together.",
        "Shuffle and index inputs and targets alike.",
    ),
    "dropped-remainder": Explanation(
        "The last, short batch is left out.",
        "fit trains on all examples.",
        "Iterate to the end of the data set; remove drop_remainder=True.",
    ),
    "input-preprocessing": Explanation(
        "The model gets changed inputs.",
        "fit passes on what the data set gives.",
        "Change the data set instead, so that both get the same, or put a layer into the model.",
    ),
    "initial-weights": Explanation(
        "The weights at the first step are not those that the model was made with.",
        "fit begins with them.",
        "Do not build, load or assign weights in the loop, or do the same before fit.",
    ),
    "optimizer-config": Explanation(
        "The loop's optimizer is configured in another way than the compiled one.",
        "fit uses the optimizer that the model was compiled with.",
        "Use model.optimizer, or make the same one.",
    ),
    "learning-rate-schedule": Explanation(
        "The learning rate does not follow the compiled schedule.",
        "fit takes the learning rate of each step from the schedule.",
        "Use model.optimizer, or give the schedule to the loop's optimizer.",
    ),
    "gradient-clipping": Explanation(
        "Gradients are clipped in another way than by the compiled optimizer.",
        "fit leaves clipping to the optimizer (clipnorm, clipvalue, global_clipnorm).",
        "Clip in the optimizer that the model is compiled with, or not at all.",
    ),
    "weight-decay": Explanation(
        "The weight decay is another than that of the compiled optimizer.",
        "fit uses the optimizer that the model was compiled with.",
        "Use model.optimizer, or the same weight_decay.",
    ),
    "gradient-scale": Explanation(
        "The loss or its gradients are multiplied by a constant.",
        "fit takes the mean over the examples of a batch.",
        "Take the mean, not the sum, and divide by the number of examples once.",
    ),
    "gradient-accumulation": Explanation(
        "Several batches make one update.",
        "fit makes an update after each batch.",
        "Update after each batch, or compile with gradient_accumulation_steps.",
    ),
    "double-update": Explanation(
        "Gradients are applied twice.",
        "fit makes one update a batch.",
        "Call apply_gradients once a batch.",
    ),
    "wrong-variables": Explanation(
        "Some variables are not updated.",
        "fit updates all of model.trainable_variables.",
        "Take gradients of model.trainable_variables, and apply them to all.",
    ),
    "state-not-updated": Explanation(
        "Statistics of the model stay as they are.",
        "fit updates the moving averages of batch normalisation in each step.",
        "Call the model with training=True, and let its updates run.",
    ),
    "sample-weight": Explanation(
        "The weights of examples are left out.",
        "fit passes the third part of a batch on as sample_weight.",
        "Give the loss sample_weight.",
    ),
    "ema-not-finalized": Explanation(
        "The averages of weights that the optimizer keeps are not used at the end.",
        "fit writes them into the model when training ends.",
        "Call optimizer.finalize_variable_values(model.trainable_variables) at the end.",
    ),
    "ema-applied": Explanation(
        "Averages of the weights take the place of the weights.",
        "fit does so only once, at the end, and only with an optimizer that keeps averages "
        "(use_ema=True).",
        "Compile with use_ema=True, or keep the averages beside the weights.",
    ),
    "loss-scaling": Explanation(
        "The loss is not scaled, though the optimizer unscales gradients.",
        "In float16 fit multiplies the loss by optimizer.scale_loss, and the optimizer divides the "
        "gradients again.",
        "Take gradients of optimizer.scale_loss(loss).",
    ),
    "stale-trace": Explanation(
        "Run as graphs the loop trains another way than run line by line.",
        "A tf.function keeps what Python values were when it was traced. fit keeps all that "
        "changes in variables.",
        "Keep numbers that change in tf.Variables, pass them as tensors, and make no side effects "
        "in Python inside a tf.function.",
    ),
    "metric-definition": Explanation(
        "The figure is another one than that of the compiled metric.",
        "fit gives the mean over examples of the metric that the model was compiled with.",
        "Use the metric that the model is compiled with.",
    ),
    "optimizer-recreated": Explanation(
        "The optimizer is made again while training goes on.",
        "fit keeps the optimizer, whose averages go on from step to step.",
        "Make the optimizer once, before the loop.",
    ),
    "loss-weights": Explanation(
        "The losses of several outputs are added without their weights.",
        "fit multiplies each by the weight that loss_weights gives its output.",
        "Multiply each loss by its weight, or use model.compute_loss.",
    ),
    "loss-definition": Explanation(
        "The loop uses another loss than the compiled one.",
        "fit uses the loss that the model was compiled with.",
        "Use the loss that the model is compiled with, or compile with the loop's.",
    ),
    "constraint-skipped": Explanation(
        "The constraints of weights are not applied.",
        "fit's optimizer applies them after each update.",
        "Update with optimizer.apply_gradients.",
    ),
    "validation-leak": Explanation(
        "The state of the model changes between two updates, as in training.",
        "fit validates with training=False, which changes nothing.",
        "Call model(x, training=False) in validation.",
    ),
    "unexplained": Explanation(
        "The loop and fit differ, and no known cause explains it.",
        "The place and the size of the difference are known.",
        "Look at the line and the variable that are named.",
    ),
}
"""By the id of the cause."""
