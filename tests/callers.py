"""Who calls a chief without being a worker of its search, and what garbage it sends."""

import math

from keras_tuner.src import protos


class Caller:
    """Calls a chief as anybody can who reaches its port."""

    def __init__(self, channel):
        self._stub = protos.get_service_grpc().OracleStub(channel)

    def __call__(self, method, **fields):
        request = getattr(protos.get_service(), f"{method}Request")(**fields)
        return getattr(self._stub, method)(request, timeout=60)


GARBAGE = {
    "the result of no trial": ("UpdateTrial", {"trial_id": "77", "metrics": {"val_accuracy": 1}}),
    "an endless name of a trial": ("GetTrial", {"trial_id": "0" * 1_000_000}),
    "no name of a trial": ("UpdateTrial", {"metrics": {"val_accuracy": 1}}),
    "a name that is a path": ("CreateTrial", {"tuner_id": "../../../a"}),
    "a name that no file can have": ("CreateTrial", {"tuner_id": "a\0{0}%s\n"}),
    "an endless name": ("CreateTrial", {"tuner_id": "a" * 1_000_000}),
    "no name": ("CreateTrial", {}),
    "a message that is too large": ("CreateTrial", {"tuner_id": "a" * 5_000_000}),
    "no number": ("UpdateTrial", {"trial_id": "1", "metrics": {"val_accuracy": math.nan}}),
    "an infinite number": ("UpdateTrial", {"trial_id": "1", "metrics": {"val_accuracy": math.inf}}),
    "another figure": ("UpdateTrial", {"trial_id": "1", "metrics": {"{x}": 1}}),
    "figures beside the score": (
        "UpdateTrial",
        {"trial_id": "1", "metrics": {"val_accuracy": 1, "\x1b[2J": 1}},
    ),
    "no figure": ("UpdateTrial", {"trial_id": "1"}),
    "another space": ("UpdateSpace", {}),
}
