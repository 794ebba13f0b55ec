"""Two trainers with one signature, meant to be read side by side: `tape.py` and `fit.py`."""

from collections.abc import Callable

import keras

from vgg_keras.trainers import fit, tape

Trainer = Callable[..., keras.callbacks.History]
TRAINERS: dict[str, Trainer] = {"tape": tape.train, "fit": fit.train}
