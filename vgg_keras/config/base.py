"""What runs can be asked for, checked at once; the defaults are the notebook's experiment."""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from types import NoneType
from typing import Any, ClassVar, Literal, Self, get_args, get_origin, get_type_hints

from vgg_keras.config.lists import LISTS, FilterCounts, Sides, Steps, Units, list_type
from vgg_keras.errors import InputError, did_you_mean, require

QUICK = {"limit": 6000, "epochs": 2}
"""What `--quick` changes: a comparison in under a minute on two cores."""

FILLED_IN = ("sources", "data_facts", "devices")
"""Fields that a run fills in itself when it starts."""

MOST = 2**31 - 1
MOST_FILTERS = 4096
LARGEST_SIDE = 4096
"""The most pixels that images may have in height and width."""

MODEL_NAMES = ("mnist", "vgg11", "vgg13", "vgg16", "vgg19")

WORDS: dict[Any, str] = {
    int: "a whole number",
    float: "a number",
    str: "text or a path",
    bool: "True or False",
    dict[int, float]: "numbers such as {0: 1.0}",
    dict[str, Any]: "values by name, such as {units: 64}",
}
"""The types of fields in words."""


def class_name(names: Any, label: int) -> str:
    """The name of a class; its number if it has none.

    Args:
        names: Names of the classes, if they have any.
        label: Number of the class, from 0.
    """
    named = isinstance(names, Sequence) and label < len(names)
    return str(names[label]) if named else str(label)


def count(number: int, thing: str) -> str:
    """A number of things, such as `1 epoch` and `10,000 epochs`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def option_of(field: str) -> str:
    """The command line's name of a field: `--batch-size` for `batch_size`."""
    return "--" + field.replace("_", "-")


def expected_of(kind: Any) -> str:
    """What a field of a type takes, in words."""
    if list_type(kind):
        return f"numbers such as {list_type(kind).EXAMPLE}"
    if get_origin(kind) is Literal:
        names = ", ".join(map(str, get_args(kind)))
        return f"one of {names}" if len(get_args(kind)) > 1 else names
    parts = [part for part in get_args(kind) if part is not NoneType]
    if parts and kind not in WORDS:
        return " or ".join(map(expected_of, parts))
    return WORDS.get(kind, str(kind))


def convert(value: Any, kind: Any) -> Any:
    """Makes a value that has the type of its field of what people have at hand.

    Sequences, paths, NumPy's numbers and text keys are taken where they are meant without doubt.

    Args:
        value: Value to convert.
        kind: Type of the field.

    Raises:
        TypeError: If the value is of another kind. ValueError and OverflowError likewise.
    """
    if kind in LISTS:
        return kind.parse(value)
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if kind is bool and type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    if kind is int and isinstance(value, numbers.Integral) and not isinstance(value, bool):
        return int(value)
    if kind is float and isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    if kind is str and isinstance(value, (str, os.PathLike)):
        return os.fspath(value)
    if get_origin(kind) is dict and isinstance(value, Mapping):
        key, item = get_args(kind)
        return {key(name): value[name] if item is Any else item(value[name]) for name in value}
    if value is None and NoneType in get_args(kind):
        return None
    for part in get_args(kind):
        if part is not NoneType and get_origin(kind) not in (Literal, dict):
            try:
                return convert(value, part)
            except (TypeError, ValueError):
                continue
    raise TypeError(f"expected {expected_of(kind)}, received {value!r}")


@dataclass(frozen=True)
class RunConfig:
    """What any run can be asked for.

    Attributes:
        dataset: mnist, fashion_mnist, cifar10, cifar100, an .npz file, a folder of class folders of
            images, or FILE.py:make_dataset, a function that returns arrays or tf.data.Datasets.
        limit: Use only the first N training images, and the same share of the test images.
        epochs: How often the training images are gone through.
        batch_size: Images a step; the last batch of an epoch may be smaller.
        seed: Seed of the initial weights, the order of the images, and every other random choice.
        precision: Arithmetic of the layers; weights and the softmax stay float32.
        class_weight: Weight of each class in the training loss, for example {0: 1.0, 1: 2.5}.
        steps_per_execution: Steps run by one call of the compiled graph.
        jit_compile: Compile the training step with XLA.
        logdir: Folder that holds the runs.
        name: Name of the run's folder; default a time stamp.
        image_size: Height and width that the images of a folder are resized to, such as 64,48;
            default those of the first one.
        sources: sha256 of the user's files that the run used; filled in when it starts.
        data_facts: sha256 of the data and names of the classes; filled in when it starts.
        devices: How many devices share each batch; filled in when it starts.
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
    image_size: Sides | None = None
    sources: dict[str, Any] | None = None
    data_facts: dict[str, Any] | None = None
    devices: int | None = None

    UNUSED: ClassVar[tuple[str, ...]] = ()
    """Fields that have no option, because they mean nothing to the command."""

    strategy: ClassVar[str] = "none"
    learning_rate: ClassVar[float | None] = None
    update_freq: ClassVar[str] = "epoch"
    histograms: ClassVar[bool] = False
    profile: ClassVar[Sequence[int] | None] = None

    def __post_init__(self) -> None:
        hints = get_type_hints(type(self))
        for field in fields(self):
            value, kind = getattr(self, field.name), hints[field.name]
            try:
                object.__setattr__(self, field.name, convert(value, kind))
            except (TypeError, ValueError, OverflowError) as error:
                raise InputError(
                    f"{option_of(field.name)}: expected {expected_of(kind)}, received {value!r}"
                ) from error
        object.__setattr__(self, "logdir", os.path.expanduser(self.logdir))
        for name in ("epochs", "batch_size", "steps_per_execution", "limit"):
            value, expected = getattr(self, name), f"a number from 1 to {MOST}"
            require(value is None or 1 <= value <= MOST, option_of(name), expected, value)
        require(0 <= self.seed < 2**32, "--seed", "a number from 0 to 4294967295", self.seed)
        require(self.dataset != "", "--dataset", "a name or a path", "nothing")
        size = self.image_size
        sane = size is None or (len(size) == 2 and 1 <= min(size) <= max(size) <= LARGEST_SIDE)
        expected = f"height and width from 1 to {LARGEST_SIDE}, such as 64,48"
        require(sane, "--image-size", expected, size)
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

    @property
    def class_names(self) -> Any:
        """The names of the classes; None if they have none, or are not yet known."""
        return (self.data_facts or {}).get("class_names")

    def values_of(self, option: str) -> set[Any]:
        """The values of an option in all trainings."""
        return {getattr(self, option)}

    def check_classes(self, classes: int | None) -> None:
        """Checks that class weights are of classes that a data set has.

        Args:
            classes: Number of classes; None for a data set whose labels are no classes.

        Raises:
            InputError: If one is not.
        """
        if self.class_weight:
            require(classes is not None, "--class-weight", "a data set of classes", "another")
        for label in self.class_weight or ():
            known = classes is not None and label < classes
            require(known, "--class-weight", f"classes from 0 to {(classes or 0) - 1}", label)

    def to_dict(self) -> dict[str, Any]:
        """The configuration as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes a configuration of options, or of what `to_dict` gave, read back from JSON.

        Raises:
            InputError: If a value cannot be used, or there is no such field.
        """
        known = {field.name: field.default for field in fields(cls)}
        for name, value in values.items():
            received = f"{name}{did_you_mean(name, known)}"
            require(name in known, "options", f"the fields of {cls.__name__}", received)
            missing = value is None and known[name] is not None
            require(not missing, option_of(name), f"a value such as {known[name]}", "none")
        return cls(**values)

    @classmethod
    def of(cls, config: Self | None, options: Mapping[str, Any]) -> Self:
        """Makes a configuration of one that was given, and of options that differ from it.

        Raises:
            InputError: If one cannot be used.
        """
        if config is None:
            return cls.from_dict(options)
        require(type(config) is cls, "config", f"a {cls.__name__}", type(config).__name__)
        return replace(config, **options)


@dataclass(frozen=True)
class ModelConfig(RunConfig):
    """What a run of one model can be asked for.

    Attributes:
        model: mnist (the reduced VGG of the notebook), vgg11, vgg13, vgg16, vgg19, or
            FILE.py:factory, a function that returns a keras.Model, compiled or not.
        strategy: mirrored shares each batch among all GPUs, or where there is none among two
            devices that the processor is split into (tf.distribute.MirroredStrategy); multiworker
            among the processes that TF_CONFIG names
            (tf.distribute.MultiWorkerMirroredStrategy).
        filters: Filter counts of the model mnist, one a block; default 32,64.
        convolutions: Convolutions in each block of the model mnist.
        dense: Units of the dense layers of the model mnist; default 128.
        learning_rate: Learning rate of Adam, for a model that is not compiled; default 0.001.
        hyperparameters: Values for a factory that takes KerasTuner's hp, such as {units: 64}.
        update_freq: How often TensorBoard gets a point: every epoch, or every batch as well.
        histograms: Give TensorBoard the distributions of the weights after each epoch, and of
            their gradients for one batch.
        profile: First and last step to profile for TensorBoard, such as 10,20.
        save_every: Save the state inside of epochs too, each time after so many steps, for a run
            that is killed to go on from; default after each epoch only.
    """

    model: str = "mnist"
    filters: FilterCounts | None = None
    convolutions: int = 2
    dense: Units | None = None
    learning_rate: float | None = None  # type: ignore[misc]
    hyperparameters: dict[str, Any] | None = None
    strategy: Literal["none", "mirrored", "multiworker"] = "none"  # type: ignore[misc]
    update_freq: Literal["epoch", "batch"] = "epoch"  # type: ignore[misc]
    histograms: bool = False  # type: ignore[misc]
    profile: Steps | None = None  # type: ignore[misc]
    save_every: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        expected = f"one of {', '.join(MODEL_NAMES)}, or FILE.py:factory"
        require(self.is_users_model or self.model in MODEL_NAMES, "--model", expected, self.model)
        for name, things in (("filters", "filter counts"), ("dense", "units")):
            values = getattr(self, name)
            expected = f"{things} from 1 to {MOST_FILTERS}, for example 32,64"
            sane = values is None or (
                values != () and 1 <= min(values) <= max(values) <= MOST_FILTERS
            )
            require(sane, option_of(name), expected, values)
        for name in ("filters", "dense", "convolutions"):
            value, default = getattr(self, name), getattr(ModelConfig, name)
            expected = "its default with this model; use --model mnist to choose"
            received = f"{value} with --model {self.model}"
            require(value == default or self.model == "mnist", option_of(name), expected, received)
        count, expected = self.convolutions, "a number from 1 to 100"
        require(1 <= count <= 100, "--convolutions", expected, count)
        rate = self.learning_rate
        positive = rate is None or 0 < rate < float("inf")
        require(positive, "--learning-rate", "a number above 0", rate)
        strategies = sorted(self.values_of("strategy") - {"none"})
        expected, received = "one beside none", " and ".join(strategies)
        require(len(strategies) < 2, "--strategy", expected, received)
        steps = self.profile
        ordered = steps is None or (len(steps) == 2 and 1 <= steps[0] <= steps[1])
        expected = "first and last step, counted from 1, such as 10,20"
        require(ordered, "--profile", expected, steps)
        every, expected = self.save_every, f"a number from 1 to {MOST}"
        require(every is None or 1 <= every <= MOST, "--save-every", expected, every)

    @property
    def is_users_model(self) -> bool:
        """Whether the model is made by a function of the user's."""
        return ":" in self.model

    def check_strategy(self, **changes: Any) -> None:
        """Checks a training under its strategy.

        Args:
            **changes: Fields in which it differs from this configuration.

        Raises:
            InputError: If it cannot be run.
        """
        strategy = changes.get("strategy", self.strategy)
        single, several = strategy == "none", self.steps_per_execution
        expected = f"1 with {strategy}: fit fails with more"
        require(single or several == 1, "--steps-per-execution", expected, several)
        compiled = changes.get("jit_compile", self.jit_compile)
        expected = f"none with {strategy}: it reaches the variables of one device only"
        require(single or not compiled, "--jit-compile", expected, "XLA")


@dataclass(frozen=True)
class TrainConfig(ModelConfig):
    """What `vgg-keras train` can be asked for.

    Attributes:
        trainer: tape (the tf.GradientTape loop), fit (compile and fit), step (fit with an
            overridden train_step), or FILE.py:name, a loop or steps of your own.
    """

    trainer: str = "tape"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_strategy()
