"""What a benchmark can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vgg_keras.config.base import MOST, ModelConfig, option_of
from vgg_keras.config.lists import Variants
from vgg_keras.config.variants import OTHER_NAMES, PEER_NAMES, parse_variant, values_of
from vgg_keras.errors import require


@dataclass(frozen=True)
class BenchmarkConfig(ModelConfig):
    """What `vgg-keras benchmark` can be asked for.

    Attributes:
        variants: What is timed: tape, fit, step, FILE.py:name or NAME=FILE.py:name, minimal loops
            for the same training (bare-tape, bare-fit), or as many operations of matrix
            multiplication (matmul), each with the precision that differs from --precision, jit, or
            (trainers only) mirrored or multiworker, such as tape,fit:bfloat16.
        peers: Other frameworks to time beside them: torch, jax.
        recording: Time each variant with its recording against itself without.
        rounds: How often each is timed twice, once in each direction of a round.
        steps: Calls of the training function that count each time.
        epochs: Epochs of the training in which --recording measures what it takes outside of steps.
    """

    variants: Variants = Variants(["tape", "fit"])
    peers: Variants | None = None
    recording: bool = False
    rounds: int = 20
    steps: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        for field, least in (("rounds", 5), ("steps", 1)):
            value, expected = getattr(self, field), f"a number from {least} to {MOST}"
            require(least <= value <= MOST, option_of(field), expected, value)
        for field in ("update_freq", "histograms", "profile", "save_every"):
            value = getattr(self, field)
            used = self.recording or value == getattr(BenchmarkConfig, field)
            require(used, option_of(field), "--recording beside it", value)
        names = [parse_variant(variant).trainer for variant in self.all_variants]
        require(len(names) > 1 or self.recording, "--variants", "two variants or more", names)
        for peer in self.peers or ():
            expected = f"of {', '.join(PEER_NAMES)}"
            require(parse_variant(peer).trainer in PEER_NAMES, "--peers", expected, peer)
        for variant in self.all_variants:
            self._check_arithmetic(variant)
        trainers, others = not set(names) & {*OTHER_NAMES}, "beside others than trainers"
        single = self.steps_per_execution == 1
        received = self.steps_per_execution
        require(trainers or single, "--steps-per-execution", f"1 {others}", received)
        equal = not self.class_weight
        require(trainers or equal, "--class-weight", f"none {others}", self.class_weight)
        shared = ", ".join(self.values_of("strategy") - {"none"})
        require(trainers or not shared, "--strategy", f"none {others}", shared)
        expected = "trainers with --recording"
        require(trainers or not self.recording, "--variants", expected, self.variants)
        ours = not self.is_users_model
        known = trainers or ours
        require(known, "--variants", "trainers with a model of your own", self.variants)

    def _check_arithmetic(self, variant: str) -> None:
        parsed = parse_variant(variant)
        name, changes = parsed.trainer, parsed.changes
        self.check_strategy(**changes)
        compiled = name not in (*PEER_NAMES, "matmul")
        expected = f"{name}, to which XLA does not apply"
        require(compiled or "jit_compile" not in changes, "--variants", expected, variant)
        scaled = name not in (*PEER_NAMES, "bare-tape")
        precision = changes.get("precision", self.precision)
        expected = f"float32 or bfloat16 for {name}, which does not scale its loss"
        require(scaled or precision != "float16", "--precision", expected, precision)

    @property
    def all_variants(self) -> tuple[str, ...]:
        """Variants and peers."""
        return (*self.variants, *(self.peers or ()))

    def values_of(self, option: str) -> set[Any]:
        """The values of an option in all trainings."""
        return values_of(self.all_variants, option, getattr(self, option))
