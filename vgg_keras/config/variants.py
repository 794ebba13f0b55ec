"""Ways to train, by name: a trainer or something that is timed beside it, and its arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vgg_keras.errors import require
from vgg_keras.plugins import is_reference

TRAINER_NAMES = ("tape", "fit", "step")
BARE_NAMES = ("bare-tape", "bare-fit")
PEER_NAMES = ("torch", "jax")
OTHER_NAMES = (*BARE_NAMES, *PEER_NAMES, "matmul")
"""What only a benchmark can time."""

PRECISIONS = ("float32", "bfloat16", "float16")
WORDS: dict[str, dict[str, Any]] = {
    "jit": {"jit_compile": True},
    "mirrored": {"strategy": "mirrored"},
    "multiworker": {"strategy": "multiworker"},
}


@dataclass(frozen=True)
class Variant:
    """A way to train.

    Attributes:
        name: Name in results, such as `tape`, `fit:bfloat16` or `mine:jit`.
        trainer: What trains: the name of a trainer, or a reference such as `my.py:train`.
        changes: Fields of the configuration in which the variant differs.
    """

    name: str
    trainer: str
    changes: dict[str, Any]


def parse_variant(text: str) -> Variant:
    """Reads a variant such as `tape`, `fit:bfloat16:jit`, `my.py:train` or `mine=my.py:train:jit`.

    Raises:
        InputError: If it has another form.
    """
    label, equals, rest = text.rpartition("=")
    first, *words = rest.split(":")
    if words and is_reference(f"{first}:{words[0]}"):
        trainer, default, words = f"{first}:{words[0]}", words[0], words[1:]
    else:
        trainer = default = first
    changes: dict[str, Any] = {}
    for word in words:
        changes |= WORDS.get(word, {"precision": word})
    precise = changes.get("precision", PRECISIONS[0]) in PRECISIONS
    named = bool(trainer) and (
        label.isprintable() and not set(label) & set("/\\:") if label else not equals
    )
    more = " ".join(f":{word}" for word in (*WORDS, *PRECISIONS))
    expected = f"one of {', '.join(TRAINER_NAMES)} or FILE.py:name, then perhaps {more}"
    require(named and precise and len(changes) == len(words), "--variants", expected, text)
    return Variant(":".join([label or default, *words]), trainer, changes)


def values_of(variants: Sequence[str], option: str, default: Any) -> set[Any]:
    """The values of an option in variants.

    Args:
        variants: Variants such as `tape:bfloat16`.
        option: Field of a configuration, such as `precision`.
        default: Its value where a variant does not change it.
    """
    return {parse_variant(variant).changes.get(option, default) for variant in variants}
