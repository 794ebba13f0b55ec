"""The VGG: blocks of 3x3 convolutions and a max-pool, then dense layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf

from vgg_keras.errors import InputError
from vgg_keras.runtime.machine import memory_bytes

BYTES_OF_A_PARAMETER = 16
"""In training: the weight, its gradient, and two averages of Adam, each float32."""

_PAPER = {"dense": (4096, 4096), "classes": 1000}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "mnist": {"filters": ((32, 32), (64, 64)), "dense": 128, "classes": 10},
    "vgg11": {"filters": ((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2), **_PAPER},
    "vgg13": {"filters": ((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2), **_PAPER},
    "vgg16": {"filters": ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3), **_PAPER},
    "vgg19": {"filters": ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4), **_PAPER},
}
"""`mnist` is the notebook's reduced VGG; the others are networks A, B, D and E of table 1 in
Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition"."""


@keras.saving.register_keras_serializable(package="vgg_keras")
class VGG(keras.Model):
    """A VGG, by subclassing.

    Layers are named as in `keras.applications`: `block1_conv1`, `block1_pool`, `fc1`.

    Args:
        filters: For each block, the filter counts of its convolutions, or one count for two of
            them: `(32, 64)` is `((32, 32), (64, 64))`.
        dense: Units of the dense layer after the blocks, or of each of several.
        classes: Number of outputs.
        name: Name of the model.
        **kwargs: Arguments of `keras.Model`; `dtype` sets the precision of all layers but the
            softmax, which stays float32.
    """

    def __init__(
        self,
        filters: Sequence[int | Sequence[int]] = ((32, 32), (64, 64)),
        dense: int | Sequence[int] = 128,
        classes: int = 10,
        name: str = "vgg",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.filters = tuple(
            (block, block) if isinstance(block, int) else tuple(block) for block in filters
        )
        self.dense = (dense,) if isinstance(dense, int) else tuple(dense)
        self.classes = classes
        dtype = self.dtype_policy
        layers = keras.layers

        self.stack = []
        for b, block in enumerate(self.filters, start=1):
            for c, count in enumerate(block, start=1):
                self.stack.append(
                    layers.Conv2D(
                        count,
                        3,
                        padding="same",
                        activation="relu",
                        dtype=dtype,
                        name=f"block{b}_conv{c}",
                    )
                )
            self.stack.append(layers.MaxPooling2D(2, dtype=dtype, name=f"block{b}_pool"))
        self.stack.append(layers.Flatten(dtype=dtype, name="flatten"))
        for d, units in enumerate(self.dense, start=1):
            self.stack.append(layers.Dense(units, activation="relu", dtype=dtype, name=f"fc{d}"))
        self.stack.append(
            layers.Dense(classes, activation="softmax", dtype="float32", name="predictions")
        )

    @classmethod
    def from_name(cls, name: str, **changes: Any) -> VGG:
        """Makes a named configuration.

        Args:
            name: Key of `CONFIGURATIONS`.
            **changes: Arguments of `VGG` that differ from it, such as `classes`.

        Returns:
            The model, not yet built.

        Raises:
            InputError: For an unknown name.
        """
        if name not in CONFIGURATIONS:
            raise InputError(f"--model: expected {', '.join(CONFIGURATIONS)}, received {name}")
        return cls(**{**CONFIGURATIONS[name], **changes})

    def check_images(self, image_shape: Sequence[int]) -> None:
        """Checks that images are large enough for the number of pools, and small enough for memory.

        Args:
            image_shape: Shape `(height, width, channels)`.

        Raises:
            InputError: If they are not.
        """
        height, width = image_shape[:2]
        smallest = 2 ** len(self.filters)
        if min(height, width) < smallest:
            raise InputError(
                f"--model: expected images of at least {smallest} x {smallest} pixels for "
                f"{len(self.filters)} pools, received {height} x {width}; "
                "use fewer blocks or larger images"
            )
        design = (self.filters, self.dense, self.classes, image_shape)
        needed = BYTES_OF_A_PARAMETER * count_parameters(*design)
        if needed > memory_bytes():
            raise InputError(
                f"--model: expected a model that fits into the {memory_bytes() / 1e9:.1f} GB of "
                f"memory, received one that needs {needed / 1e9:.1f} GB to be trained on images of "
                f"{height} x {width}; use fewer filters or smaller images (--image-size)"
            )

    def build(self, input_shape: Sequence[Any]) -> None:
        """Makes the weights, layer by layer.

        Args:
            input_shape: Shape `(batch, height, width, channels)`.

        Raises:
            InputError: If the images are too small for the number of blocks.
        """
        self.image_shape = tuple(input_shape[1:])
        self.check_images(self.image_shape)
        shape = input_shape
        for layer in self.stack:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        super().build(input_shape)

    def call(self, images: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Classifies images.

        Args:
            images: Images, float32 of shape `(batch, height, width, channels)` in [0, 1].
            training: Whether weights are being trained; Keras passes it on to the layers.

        Returns:
            Probabilities, float32 of shape `(batch, classes)`.
        """
        for layer in self.stack:
            images = layer(images)
        return images

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make this model again."""
        arguments = {"filters": self.filters, "dense": self.dense, "classes": self.classes}
        return {**super().get_config(), **arguments}


def kernels(
    filters: Sequence[Sequence[int]],
    dense: Sequence[int],
    classes: int,
    image_shape: Sequence[int],
) -> Iterator[tuple[int, int, int]]:
    """The layers of a VGG that have weights, without making it.

    Args:
        filters: For each block, the filter counts of its convolutions.
        dense: Units of each dense layer.
        classes: Number of outputs.
        image_shape: Shape `(height, width, channels)` of an image.

    Yields:
        For each layer the number of weights of a kernel, the number of kernels, each of which has a
        bias too, and the number of positions that they are applied at.
    """
    height, width, channels = image_shape
    for block in filters:
        for count in block:
            yield 9 * channels, count, height * width
            channels = count
        height, width = height // 2, width // 2
    units = height * width * channels
    for outputs in (*dense, classes):
        yield units, outputs, 1
        units = outputs


def count_parameters(*design: Any) -> int:
    """Number of parameters of a VGG; takes what `kernels` takes."""
    return sum((weights + 1) * count for weights, count, _ in kernels(*design))


def flops(model: VGG) -> float:
    """Floating-point operations of a training step for one image.

    Counts the convolutions and the dense layers: two operations a weight and position, forward; as
    many for the gradient of the weights, and for that of the inputs but in the first layer. For the
    small VGG 112 million.
    """
    design = (model.filters, model.dense, model.classes, model.image_shape)
    forward = [2.0 * weights * count * places for weights, count, places in kernels(*design)]
    return 3 * sum(forward) - forward[0]
