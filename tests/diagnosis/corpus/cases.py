"""What `diagnose` is to say of each loop in this folder."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A loop and the expected answer: without a cause the loop is right; None is not judged."""

    name: str
    model: str
    loop: str
    data: str = "data.py:make_data"
    epochs: int = 2
    cause: str | None = None
    others: tuple[str, ...] = ()
    stage: str | None = None
    first_step: int | None = None
    first_epoch: int | None = None


def wrong(loop, model, cause, stage, step=0, epoch=1, data="data", file="wrong.py", others=()):
    return Case(
        loop,
        f"models.py:make_{model}",
        f"{file}:{loop}",
        f"data.py:make_{data}",
        cause=cause,
        others=others,
        stage=stage,
        first_step=step,
        first_epoch=epoch,
    )


WRONG = [
    wrong("dropout_off", "dropout", "training-flag", "forward"),
    wrong("BatchNormOff", "batch_norm", "training-flag", "forward"),
    wrong("own_model_dropout_off", "dropout", "training-flag", "forward"),
    wrong("through_call", "dropout", "training-flag", "forward"),
    wrong("no_regularisation", "l2", "missing-extra-losses", "loss"),
    wrong("NoPenalty", "penalty", "missing-extra-losses", "loss"),
    wrong("broadcast_labels", "regression", "label-shape", "loss", data="regression_data"),
    wrong("broadcast_outputs", "regression", "label-shape", "loss", data="regression_data"),
    wrong("logits_as_probabilities", "plain", "from-logits", "loss"),
    wrong("softmax_twice", "softmax", "from-logits", "loss"),
    wrong("never_reset", "plain", "metric-not-reset", "metrics", None, 2),
    wrong("sums_never_reset", "plain", "metric-not-reset", "metrics", None, 2),
    wrong("printed_never_reset", "plain", "metric-not-reset", "metrics", None, 2),
    wrong("batch_losses_averaged", "plain", "mean-of-batch-means", "metrics", None),
    wrong("ListsAveraged", "softmax", "mean-of-batch-means", "metrics", None),
    wrong("last_loss", "batch_norm", "last-batch-only", "metrics", None),
    wrong("last_train_on_batch", "plain", "last-batch-only", "metrics", None),
    wrong("reset_each_batch", "dropout", "last-batch-only", "metrics", None),
    wrong("shuffled", "plain", "data-order", "batch"),
    wrong("permuted_arrays", "sgd", "data-order", "batch", 4, 2),
    wrong("always_the_first", "softmax", "data-order", "batch", 1),
    wrong("remainder_dropped", "plain", "dropped-remainder", "batch", 3),
    wrong("steps_rounded_down", "softmax", "dropped-remainder", "batch", 3),
    wrong("divided_again", "plain", "input-preprocessing", "batch"),
    wrong("standardised", "softmax", "input-preprocessing", "batch"),
    wrong("default_adam", "plain", "optimizer-config", "update"),
    wrong("OtherEpsilon", "softmax", "optimizer-config", "update"),
    wrong("with_momentum", "sgd", "optimizer-config", "update", 1),
    wrong("clipping_forgotten", "clipped", "gradient-clipping", "update"),
    wrong("clipped_by_hand", "sgd", "gradient-clipping", "gradients"),
    wrong("summed_losses", "sgd", "gradient-scale", "loss"),
    wrong("averaged_again", "plain", "gradient-scale", "gradients"),
    wrong("applied_twice", "plain", "double-update", "update"),
    wrong("stepped_and_fitted", "softmax", "double-update", "update"),
    wrong("last_layer_only", "plain", "wrong-variables", "gradients"),
    wrong("frozen_layer", "plain", "wrong-variables", "gradients"),
    wrong("weights_ignored", "plain", "sample-weight", "loss", data="weighted_data"),
    wrong("weights_normalised", "sgd", "sample-weight", "loss", data="weighted_data"),
    wrong("schedule_by_epoch", "schedule", "learning-rate-schedule", "update", 1),
    wrong("halved_each_epoch", "plain", "learning-rate-schedule", "update", 4, 2),
    wrong("squared_error", "softmax", "loss-definition", "loss"),
    wrong("absolute_error", "regression", "loss-definition", "loss", data="regression_data"),
    wrong("losses_added", "two_outputs", "loss-weights", "loss", data="two_target_data"),
    wrong("smoothed_labels", "plain", "loss-definition", "loss"),
    wrong("statistics_discarded", "batch_norm", "state-not-updated", "state"),
    wrong("new_statistics_not_kept", "batch_norm", "state-not-updated", "state"),
    wrong("classes_weighed", "softmax", "sample-weight", "loss"),
    wrong("positives_weighed", "regression", "sample-weight", "loss", data="regression_data"),
    wrong("descent_without_clipping", "clipped_sgd", "gradient-clipping", "update"),
    wrong("from_the_start_again", "sgd", "initial-weights", "state", 3),
    wrong(
        "standardised_by_batch",
        "regression",
        "input-preprocessing",
        "batch",
        data="regression_data",
    ),
    wrong("images_shuffled", "plain", "data-pairing", "batch"),
    wrong("labels_shifted", "softmax", "data-pairing", "batch"),
    wrong("weights_redrawn", "plain", "initial-weights", None),
    wrong("decay_forgotten", "decay", "weight-decay", "update"),
    wrong("decayed_by_hand", "sgd", "weight-decay", "update"),
    wrong("two_batches_a_step", "plain", "gradient-accumulation", None, None),
    wrong("average_left_out", "ema", "ema-not-finalized", "finalize", None, None),
    wrong("averaged_each_epoch", "ema", "ema-applied", "finalize", None),
    wrong("averaged_by_hand", "plain", "ema-applied", "finalize", None, None),
    wrong("never_scaled", "float16", "loss-scaling", "gradients"),
    wrong("binary_accuracy", "softmax", "metric-definition", "metrics", None),
    wrong("figures_of_the_end", "plain", "metric-definition", "metrics", None),
    wrong("loss_of_the_data", "l2", "metric-definition", "metrics", None),
    wrong("adam_each_epoch", "plain", "optimizer-recreated", "update", 4, 2),
    wrong("adam_each_step", "softmax", "optimizer-recreated", "update", 1),
    wrong("BatchAttribute", "plain", "stale-trace", None, 1),
    wrong("counted_in_python", "schedule", "stale-trace", None, 1),
    wrong("unconstrained", "constraint", "constraint-skipped", "update"),
    wrong("validated_by_training", "plain", "validation-leak", None, 4, None),
    wrong("joined_with_validation", "softmax", "validation-leak", "batch", 4),
    wrong("kernels_decayed_after_the_update", "sgd", "weight-decay", "update"),
    wrong("two_rates", "plain", "optimizer-config", "update"),
    wrong("sums_never_cleared", "plain", "gradient-accumulation", "gradients", 1),
    wrong("unscaled_by_the_optimizer_only", "scaled_sgd", "loss-scaling", "gradients"),
    wrong("examples_counted_in_python", "softmax", "stale-trace", "metrics", 3),
]

TWO = [
    wrong(
        "dropout_off_and_losses_averaged",
        "dropout",
        "training-flag",
        "forward",
        file="two.py",
        others=("mean-of-batch-means",),
    ),
    wrong(
        "broadcast_and_never_reset",
        "regression",
        "label-shape",
        "loss",
        data="regression_data",
        file="two.py",
        others=("metric-not-reset",),
    ),
    wrong(
        "PlainAndClipped",
        "l2",
        "missing-extra-losses",
        "loss",
        file="two.py",
        others=("gradient-clipping",),
    ),
    wrong(
        "divided_and_default_adam",
        "plain",
        "input-preprocessing",
        "batch",
        file="two.py",
        others=("optimizer-config",),
    ),
    wrong(
        "logits_and_adam_each_epoch",
        "plain",
        "from-logits",
        "loss",
        file="two.py",
        others=("optimizer-recreated",),
    ),
]


def right(loop, model, data="data"):
    return Case(loop, f"models.py:make_{model}", f"right.py:{loop}", f"data.py:make_{data}")


RIGHT = [
    right("own_adam", "plain"),
    right("scaled_and_unscaled", "plain"),
    right("on_batches", "batch_norm"),
    right("persistent_tape", "softmax"),
    right("two_tapes", "softmax"),
    right("over_arrays", "dropout"),
    right("train_step_by_hand", "batch_norm"),
    right("loss_by_hand", "sgd"),
    right("PerExample", "penalty"),
    right("fit_by_epoch", "plain"),
    right("overridden_step", "plain"),
    right("enumerated", "dropout"),
    right("by_iterator", "l2"),
    right("batched_again", "clipped"),
    right("repeated", "schedule"),
    right("clone_trained", "decay"),
    right("OneGraph", "batch_norm"),
    right("own_model", "plain"),
    right("logits_recovered", "softmax"),
    right("flat_labels", "regression", "regression_data"),
    right("weighted_by_hand", "sgd", "weighted_data"),
    right("named_inputs", "two_inputs", "two_input_data"),
    right("scaled_loss", "float16"),
    right("descent_by_hand", "sgd"),
    right("two_optimizers", "sgd"),
    right("in_a_thread", "plain"),
    right("averages_at_the_end", "ema"),
    right("half_batches", "sgd"),
    right("clipped_as_compiled", "clipped"),
    right("statistics_assigned_after_the_update", "batch_norm"),
    right("timed", "dropout"),
    right("own_decay_of_kernels", "decay_of_kernels"),
]

CASES = [*WRONG, *TWO, *RIGHT]
