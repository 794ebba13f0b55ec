"""Keras callbacks that both trainers take."""

from vgg_keras.recording.cumulative import Cumulative
from vgg_keras.recording.digests import Digests
from vgg_keras.recording.timing import Timing

__all__ = ["Cumulative", "Digests", "Timing"]
