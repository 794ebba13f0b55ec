"""The ways of training a model, with one signature: read `tape.py`, `loop.py`, `fit.py`."""

from vgg_keras.trainers import fit, loop, step, tape
from vgg_keras.trainers.contract import Steps, Trainer, as_trainer

TRAINERS: dict[str, Trainer] = {"tape": tape.train, "fit": fit.train, "step": step.train}

__all__ = ["TRAINERS", "Steps", "Trainer", "as_trainer", "fit", "loop", "step", "tape"]
