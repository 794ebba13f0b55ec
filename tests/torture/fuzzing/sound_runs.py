"""Small runs of every command, broken and finished, for the bad input that is made of them."""

import contextlib
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from vgg_keras.runtime.startup import silent_startup

CLASSES, SIDE = 3, 8


def make_runs(home: Path) -> Path:
    """Makes `data.npz`, and `logs` with runs `broken` and `done` of train, compare and search.

    Returns:
        The folder.
    """
    home.mkdir()
    rng = np.random.default_rng(0)
    arrays: dict[str, Any] = {}
    for part, count in (("train", 30), ("test", 6)):
        arrays[f"x_{part}"] = rng.integers(0, 256, (count, SIDE, SIDE), np.uint8)
        arrays[f"y_{part}"] = np.arange(count) % CLASSES
    np.savez(home / "data.npz", **arrays)
    place = {
        "dataset": str(home / "data.npz"),
        "logdir": str(home / "logs"),
        "batch_size": 8,
        "verbose": 0,
    }
    model: dict[str, Any] = {**place, "epochs": 2, "filters": [2, 2], "save_every": 2}
    space: dict[str, Any] = {**place, "epochs": 1, "trials": 2, "filters_choices": [2, 4]}
    with silent_startup():
        make_broken(model, space)
        finish(home / "logs", model, space)
    return home


def make_broken(model: dict[str, Any], space: dict[str, Any]) -> None:
    """Makes runs that are interrupted in an epoch, or before the best design is retrained.

    Args:
        model: Options of `train` and `compare`.
        space: Options of `search`.
    """
    import keras

    from vgg_keras import compare, search, train
    from vgg_keras.trainers import TRAINERS

    def interrupt(epoch: int, logs: Any) -> None:
        if epoch:
            raise KeyboardInterrupt

    def interrupted(name: str) -> dict[str, Any]:
        def broken(model: Any, data: Any, config: Any, callbacks: list[Any], verbose: int) -> Any:
            callbacks = [*callbacks, keras.callbacks.LambdaCallback(on_epoch_begin=interrupt)]
            return trainer(model, data, config, callbacks, verbose)

        trainer = TRAINERS[name]
        return {**TRAINERS, name: broken}

    with contextlib.suppress(KeyboardInterrupt), patch.dict(TRAINERS, interrupted("tape")):
        train(**model, name="broken")
    with contextlib.suppress(KeyboardInterrupt), patch.dict(TRAINERS, interrupted("fit")):
        compare(**model, name="broken")
    best = patch("vgg_keras.tuning.search.retrain_best", side_effect=KeyboardInterrupt)
    with contextlib.suppress(KeyboardInterrupt), best:
        search(**space, name="broken")


def finish(logs: Path, model: dict[str, Any], space: dict[str, Any]) -> None:
    """Copies the broken runs, and goes on with the copies to their end."""
    from vgg_keras import compare, search, train

    for command in ("train", "compare", "search"):
        shutil.copytree(logs / command / "broken", logs / command / "done")
    train(**model, name="done", resume=True)
    compare(**model, name="done", resume=True)
    search(**space, name="done", resume=True)
