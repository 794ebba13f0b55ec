"""Changes that a disk, an editor or a stranger may make to a file."""

import copy
import io
import json
import random
import zipfile
from collections.abc import Iterator
from typing import Any

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 3, 2.0, 0.5, 1e300, float("nan"), 10**30),
    *("", "x", "7", "<script>alert(1)</script>", "$\\frac$", "a\nb", "a\0b", "\ud800", "é" * 300),
    *([], {}, [[]], [1, 2, 3], ["x"], {"a": 1}),
)
"""Values of JSON; none of them, as a number of epochs or images, takes long."""


def spoil_bytes(rng: random.Random, content: bytes) -> bytes:
    """Flips, cuts, inserts or repeats bytes."""
    place = rng.randrange(len(content) + 1)
    change = rng.choice(("flip", "cut", "insert", "repeat", "empty"))
    if change == "flip":
        changed = bytearray(content)
        for _ in range(rng.choice((1, 1, 10, 100))):
            changed[rng.randrange(len(content))] ^= rng.randrange(1, 256)
        return bytes(changed)
    if change == "cut":
        return content[:place]
    if change == "insert":
        return content[:place] + rng.randbytes(rng.randint(1, 20)) + content[place:]
    if change == "repeat":
        return content[:place] + content[place : place + 50] + content[place:]
    return b""


def spoil_json(rng: random.Random, text: str) -> bytes:
    """Drops, replaces or repeats a value of a JSON text, or spoils its bytes."""
    if rng.random() < 0.2:
        return spoil_bytes(rng, text.encode())
    if rng.random() < 0.05:
        return b"[" * 100_000
    root = [json.loads(text)]
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        holder, key = rng.choice(list(places(root)))
        change = rng.choice(("drop", "replace", "replace", "repeat"))
        if change == "replace" or holder is root:
            holder[key] = rng.choice(ODD_VALUES)
        elif change == "drop":
            del holder[key]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        else:
            holder[f"{key}-{rng.randrange(9)}"] = holder[key]
    return json.dumps(root[0]).encode()


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every list or dictionary inside a value, with each index or key of it."""
    keys = value if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from places(value[key])


def read_zip(content: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of some members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()


def spoil_zip(rng: random.Random, content: bytes, outside: str) -> bytes:
    """Changes an archive into another valid one.

    Args:
        rng: of the choice.
        content: of the archive.
        outside: a name in no folder of the archive, for a member that wants to get there.
    """
    members = read_zip(content)
    name = rng.choice(list(members))
    change = rng.choice(("drop", "spoil", "swap", "rename", "outside", "more", "bomb"))
    if change == "drop":
        del members[name]
    elif change == "spoil":
        members[name] = spoil_bytes(rng, members[name])
    elif change == "swap":
        members[name] = members[rng.choice(list(members))]
    elif change == "rename":
        members[rng.choice(("", "x", "é", "a/../b"))] = members.pop(name)
    elif change == "outside":
        members[outside] = members.pop(name)
    elif change == "more":
        members[rng.choice((outside, "assets/x", "x.npy"))] = b"x"
    else:
        members[name] = bytes(30_000_000)
        return write_zip(members, zipfile.ZIP_DEFLATED)
    return write_zip(members)
