"""What a comparison can be asked for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from vgg_keras.config.base import ModelConfig, TrainConfig
from vgg_keras.config.lists import Variants
from vgg_keras.config.variants import parse_variant, values_of
from vgg_keras.errors import require

DEFAULT_VARIANTS = Variants(["tape", "fit"])


@dataclass(frozen=True)
class CompareConfig(ModelConfig):
    """What `vgg-keras compare` can be asked for.

    Attributes:
        seeds: Repeat the comparison with this many seeds, from `seed` on.
        margin: Percentage points of test accuracy by which equivalent trainers may differ.
        self_check: Train each trainer twice with the first seed, and compare it with itself.
        variants: The two to compare: tape, fit, step, FILE.py:name or NAME=FILE.py:name, each with
            the precision that differs from --precision, jit, mirrored or multiworker, such as
            tape,fit:bfloat16; default tape,fit. With --against the one to train; default that of
            the saved run.
        against: Folder of a finished run of train or compare, which takes the place of the first
            variant; only the other one is trained.
    """

    seeds: int = 1
    margin: float = 0.1
    self_check: bool = False
    variants: Variants | None = None
    against: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        most = 2**32 - self.seed
        require(1 <= self.seeds <= most, "--seeds", f"a number from 1 to {most}", self.seeds)
        expected = "percentage points above 0, up to 100"
        require(0 < self.margin <= 100, "--margin", expected, self.margin)
        trainings = [self.training(variant, self.seed) for variant in self.all_variants]
        if self.against is None:
            names = {parse_variant(variant).name for variant in self.all_variants}
            differ = len(trainings) == len(names) == 2 and trainings[0] != trainings[1]
            expected = "two that differ, such as tape,fit:bfloat16"
            require(differ, "--variants", expected, self.variants)
        elif self.variants is not None:
            expected = "one with --against, such as fit:bfloat16"
            require(len(trainings) == 1, "--variants", expected, self.variants)

    @property
    def all_variants(self) -> tuple[str, ...]:
        """The variants to train."""
        return DEFAULT_VARIANTS if self.variants is None else self.variants

    @property
    def trainings(self) -> int:
        """How many trainings there are, with those of `self_check`."""
        return (2 if self.against is None else 1) * (self.seeds + self.self_check)

    def values_of(self, option: str) -> set[Any]:
        """The values of an option in all trainings."""
        return values_of(self.all_variants, option, getattr(self, option))

    def training(self, variant: str, seed: int) -> TrainConfig:
        """The configuration of one training.

        Raises:
            InputError: If there is no such variant.
        """
        parsed = parse_variant(variant)
        shared = {field.name: getattr(self, field.name) for field in fields(ModelConfig)}
        return TrainConfig(**{**shared, **parsed.changes, "trainer": parsed.trainer, "seed": seed})
