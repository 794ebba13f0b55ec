"""Ways to train, by name: a trainer, the least that trains, a framework, and its arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vgg_keras.errors import require

TRAINER_NAMES = ("tape", "fit")
PEER_NAMES = ("torch", "jax")
NAMES = (*TRAINER_NAMES, "bare-tape", "bare-fit", *PEER_NAMES, "matmul")
PRECISIONS = ("float32", "bfloat16", "float16")
WORDS: dict[str, dict[str, Any]] = {
    "jit": {"jit_compile": True},
    "mirrored": {"strategy": "mirrored"},
}


def asked(variants: Sequence[str], option: str, otherwise: Any) -> set[Any]:
    """The values of an option in variants.

    Args:
        variants: such as `tape:bfloat16`.
        option: a field of a configuration, such as `precision`.
        otherwise: its value where a variant does not tell.
    """
    return {parse_variant(variant)[1].get(option, otherwise) for variant in variants}


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
        changes |= WORDS.get(part, {"precision": part})
    precise = changes.get("precision", PRECISIONS[0]) in PRECISIONS
    more = " ".join(f":{part}" for part in (*WORDS, *PRECISIONS))
    expected = f"one of {', '.join(names)}, then perhaps {more}"
    require(name in names and precise and len(changes) == len(parts), "--variants", expected, text)
    return name, changes
