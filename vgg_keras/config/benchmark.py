"""What a benchmark can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vgg_keras.config.base import MOST, ModelConfig, option_of
from vgg_keras.config.lists import Variants
from vgg_keras.config.variants import PEER_NAMES, TRAINER_NAMES, asked, parse_variant
from vgg_keras.errors import require


@dataclass(frozen=True)
class BenchmarkConfig(ModelConfig):
    """What `vgg-keras benchmark` can be asked for.

    Attributes:
        variants: what is timed: tape, fit, minimal loops for the same training (bare-tape,
            bare-fit), or as many operations of matrix multiplication (matmul), each with the
            precision that differs from --precision, jit, or (tape and fit) mirrored, such as
            tape,fit:bfloat16.
        peers: other frameworks to time beside them: torch, jax.
        recording: time each variant with its recording against itself without.
        rounds: how often each has two turns.
        steps: calls of the training function that count in a turn.
        epochs: of the training in which --recording measures what it takes outside of steps.
    """

    variants: Variants = Variants(TRAINER_NAMES)
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
        names = [parse_variant(variant)[0] for variant in self.contestants]
        require(len(names) > 1 or self.recording, "--variants", "two variants or more", names)
        for peer in self.peers or ():
            expected = f"of {', '.join(PEER_NAMES)}"
            require(parse_variant(peer)[0] in PEER_NAMES, "--peers", expected, peer)
        for variant in self.contestants:
            self._check_arithmetic(variant)
        alone, others = set(names) <= {*TRAINER_NAMES}, "beside others than tape and fit"
        single = self.steps_per_execution == 1
        require(alone or single, "--steps-per-execution", f"1 {others}", self.steps_per_execution)
        equal = not self.class_weight
        require(alone or equal, "--class-weight", f"none {others}", self.class_weight)
        undivided = self.asked("strategy") == {"none"}
        require(alone or undivided, "--strategy", f"none {others}", "mirrored")
        require(
            alone or not self.recording, "--variants", "tape or fit with --recording", self.variants
        )

    def _check_arithmetic(self, variant: str) -> None:
        name, changes = parse_variant(variant)
        compiled = name not in (*PEER_NAMES, "matmul")
        expected = f"{name}, to which XLA does not apply"
        require(compiled or "jit_compile" not in changes, "--variants", expected, variant)
        scaled = name in (*TRAINER_NAMES, "bare-fit", "matmul")
        precision = changes.get("precision", self.precision)
        expected = f"float32 or bfloat16 for {name}, which does not scale its loss"
        require(scaled or precision != "float16", "--precision", expected, precision)

    @property
    def contestants(self) -> tuple[str, ...]:
        """Variants and peers."""
        return (*self.variants, *(self.peers or ()))

    def asked(self, option: str) -> set[Any]:
        """The values of an option in all trainings."""
        return asked(self.contestants, option, getattr(self, option))
