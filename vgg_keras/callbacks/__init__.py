"""Keras callbacks that every trainer takes: what TensorBoard and the result get."""

from vgg_keras.callbacks.board import Board
from vgg_keras.callbacks.cumulative import Cumulative
from vgg_keras.callbacks.divergence import Divergence
from vgg_keras.callbacks.forecast import Forecast
from vgg_keras.callbacks.notebook import NotebookLines
from vgg_keras.callbacks.summaries import Summaries
from vgg_keras.callbacks.timing import Timing

__all__ = [
    "Board",
    "Cumulative",
    "Divergence",
    "Forecast",
    "NotebookLines",
    "Summaries",
    "Timing",
]
