"""Everything a run can be asked for, checked once; the defaults are the notebook's experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import UnionType
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

from vgg_keras.config.lists import LISTS, FilterCounts, Steps, list_type
from vgg_keras.errors import InputError, require

QUICK = {"limit": 6000, "epochs": 2}
"""What `--quick` changes: a comparison in under a minute on two cores."""

MOST = 2**31 - 1
MOST_FILTERS = 4096


def option_of(field: str) -> str:
    """The command line's name of a field: `--batch-size` for `batch_size`."""
    return "--" + field.replace("_", "-")


def _is_a(value: object, kind: Any) -> bool:
    """Whether a value has the type that is written beside a field."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        return any(_is_a(value, part) for part in get_args(kind))
    if kind is float:
        return isinstance(value, (int, float))
    if kind in LISTS:
        return isinstance(value, tuple)
    return isinstance(value, get_origin(kind) or kind) and (kind is bool or value is not True)


@dataclass(frozen=True)
class RunConfig:
    """What any run can be asked for.

    Attributes:
        dataset: mnist, fashion_mnist, cifar10, cifar100, an .npz file, or a folder of class
            folders of images.
        limit: use only the first N training images, and the same share of the test images.
        epochs: how often the training images are gone through.
        batch_size: images a step; the last batch of an epoch may be smaller.
        seed: of the initial weights, the order of the images, and every other random choice.
        precision: arithmetic of the layers; weights and the softmax stay float32.
        class_weight: weight of each class in the training loss, for example {0: 1.0, 1: 2.5}.
        steps_per_execution: steps run by one call of the compiled graph.
        jit_compile: compile the training step with XLA.
        logdir: folder that holds the runs.
        name: of the run's folder; default a time stamp.
    """

    dataset: str = "mnist"
    limit: int | None = None
    epochs: int = 5
    batch_size: int = 32
    seed: int = 0
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    class_weight: dict[int, float] | None = None
    steps_per_execution: int = 1
    jit_compile: bool = False
    logdir: str = "logs"
    name: str | None = None

    def __post_init__(self) -> None:
        for field, kind in get_type_hints(type(self)).items():
            value, expected = getattr(self, field), str(getattr(kind, "__name__", kind))
            require(_is_a(value, kind), option_of(field), expected, repr(value))
        for field in ("epochs", "batch_size", "steps_per_execution", "limit"):
            value, expected = getattr(self, field), f"a number from 1 to {MOST}"
            require(value is None or 1 <= value <= MOST, option_of(field), expected, value)
        require(0 <= self.seed < 2**32, "--seed", "a number from 0 to 4294967295", self.seed)
        require(self.dataset != "", "--dataset", "a name or a path", "nothing")
        expected = "a path of printable characters"
        require(self.logdir.isprintable(), "--logdir", expected, repr(self.logdir))
        for label, weight in (self.class_weight or {}).items():
            require(label >= 0, "--class-weight", "class numbers of at least 0", label)
            expected = "finite weights of at least 0"
            require(0 <= weight < float("inf"), "--class-weight", expected, weight)
        expected = "the name of one folder, of printable characters without / or \\"
        one_folder = self.name is None or (
            self.name not in ("", ".", "..")
            and self.name.isprintable()
            and not set(self.name) & set("/\\")
        )
        require(one_folder, "--name", expected, repr(self.name))

    @property
    def dtype_policy(self) -> str:
        """Keras's name of the precision."""
        return self.precision if self.precision == "float32" else f"mixed_{self.precision}"

    def asked(self, option: str) -> set[Any]:
        """The values of an option in all trainings."""
        return {getattr(self, option)}

    def check_classes(self, classes: int) -> None:
        """Checks that the weights are of classes that a data set has.

        Args:
            classes: how many it has.

        Raises:
            InputError: if one is not.
        """
        for label in self.class_weight or ():
            require(label < classes, "--class-weight", f"classes from 0 to {classes - 1}", label)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes a configuration of options, or of what `to_dict` gave, read back from JSON.

        Raises:
            InputError: if a value cannot be used, or there is no such field.
        """
        kinds = get_type_hints(cls)
        unknown = sorted(set(values) - set(kinds))
        require(not unknown, "config.json", f"the fields of {cls.__name__}", ", ".join(unknown))
        read = dict(values)
        for field in fields(cls):
            value, option = read.get(field.name, field.default), option_of(field.name)
            missing = value is None and field.default is not None
            require(not missing, option, f"a value such as {field.default}", "none")
            listed = list_type(kinds[field.name])
            try:
                if listed and value is not None:
                    read[field.name] = listed.parse(value)
                elif field.name == "class_weight" and value:
                    read[field.name] = {
                        int(label): float(weight) for label, weight in value.items()
                    }
            except (ValueError, TypeError, AttributeError, OverflowError) as error:
                expected = f"numbers such as {listed.EXAMPLE if listed else '{0: 1.0}'}"
                raise InputError(f"{option}: expected {expected}, received {value}") from error
        return cls(**read)


@dataclass(frozen=True)
class ModelConfig(RunConfig):
    """What a run of one model can be asked for.

    Attributes:
        model: mnist (the reduced VGG of the notebook), vgg11, vgg13, vgg16 or vgg19.
        strategy: mirrored shares each batch among all GPUs, or where there is none among two
            devices that the processor is split into (tf.distribute.MirroredStrategy).
        filters: filter counts of the model mnist, one a block, each block having two
            convolutions; default 32,64.
        update_freq: how often TensorBoard gets a point: every epoch, or every batch as well.
        histograms: give TensorBoard the distributions of the weights after each epoch, and of
            their gradients for one batch.
        profile: first and last step to profile for TensorBoard, such as 10,20.
        save_every: save the state inside of epochs too, each time after so many steps, for a run
            that is killed to go on from; default after each epoch only.
    """

    model: Literal["mnist", "vgg11", "vgg13", "vgg16", "vgg19"] = "mnist"
    filters: FilterCounts | None = None
    strategy: Literal["none", "mirrored"] = "none"
    update_freq: Literal["epoch", "batch"] = "epoch"
    histograms: bool = False
    profile: Steps | None = None
    save_every: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require(
            self.filters is None
            or (bool(self.filters) and 1 <= min(self.filters) <= max(self.filters) <= MOST_FILTERS),
            "--filters",
            f"filter counts from 1 to {MOST_FILTERS}, for example 32,64",
            self.filters,
        )
        require(
            self.filters is None or self.model == "mnist",
            "--filters",
            "no filters with a network of the VGG paper; use --model mnist to choose them",
            f"{self.filters} with --model {self.model}",
        )
        if "mirrored" in self.asked("strategy"):
            expected = "none with mirrored: it reaches the variables of one device only"
            require(True not in self.asked("jit_compile"), "--jit-compile", expected, "XLA")
            several, expected = self.steps_per_execution, "1 with mirrored: fit fails with more"
            require(several == 1, "--steps-per-execution", expected, several)
        steps = self.profile
        ordered = steps is None or (len(steps) == 2 and 1 <= steps[0] <= steps[1])
        expected = "first and last step, counted from 1, such as 10,20"
        require(ordered, "--profile", expected, steps)
        every, expected = self.save_every, f"a number from 1 to {MOST}"
        require(every is None or 1 <= every <= MOST, "--save-every", expected, every)


@dataclass(frozen=True)
class TrainConfig(ModelConfig):
    """What `vgg-keras train` can be asked for.

    Attributes:
        trainer: tape (the tf.GradientTape loop) or fit (compile and fit).
    """

    trainer: Literal["tape", "fit"] = "tape"
