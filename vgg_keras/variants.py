"""Ways to train, by name: a trainer, the least that trains, a framework, and its arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vgg_keras.errors import require

TRAINER_NAMES = ("tape", "fit")
PEER_NAMES = ("torch", "jax")
NAMES = (*TRAINER_NAMES, "bare-tape", "bare-fit", *PEER_NAMES, "matmul")
PRECISIONS = ("float32", "bfloat16", "float16")


def parse_variant(text: str, names: Sequence[str] = NAMES) -> tuple[str, dict[str, Any]]:
    """Reads a variant such as `tape`, `fit:bfloat16` or `fit:bfloat16:jit`.

    Args:
        text: of the variant.
        names: that it may have.

    Returns:
        Its name, and the fields of a configuration that differ.

    Raises:
        InputError: if there is no such variant.
    """
    name, *parts = text.split(":")
    changes: dict[str, Any] = {}
    for part in parts:
        changes |= {"jit_compile": True} if part == "jit" else {"precision": part}
    precise = changes.get("precision", PRECISIONS[0]) in PRECISIONS
    expected = f"one of {', '.join(names)}, then perhaps :jit and one of :{' :'.join(PRECISIONS)}"
    require(name in names and precise and len(changes) == len(parts), "--variants", expected, text)
    return name, changes
