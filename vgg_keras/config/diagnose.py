"""What a diagnosis can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vgg_keras.config.base import RunConfig
from vgg_keras.errors import require


@dataclass(frozen=True)
class DiagnoseConfig(RunConfig):
    """What `vgg-keras diagnose` can be asked for.

    Attributes:
        model: FILE.py:factory, a function that returns a compiled keras.Model.
        loop: FILE.py:train, the loop train(model, dataset, epochs); its parameters may have other
            names, and it may make its model itself.
        reference: FILE.py:factory, a function that returns the model whose fit is right, for a
            model with a train_step of its own; default that of --model.
        epochs: How often the loop goes through the training data.
    """

    UNUSED: ClassVar[tuple[str, ...]] = (
        "precision",
        "class_weight",
        "steps_per_execution",
        "jit_compile",
    )

    model: str = ""
    loop: str | None = None
    reference: str | None = None
    epochs: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        require(self.is_users_model, "--model", "FILE.py:factory", self.model or "none")

    @property
    def is_users_model(self) -> bool:
        """Whether the model is made by a function of the user's."""
        return ":" in self.model
