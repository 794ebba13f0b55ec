"""Data sets in memory and as streams, and their batches."""

from vgg_keras.datasets.arrays import Arrays
from vgg_keras.datasets.batches import Batches
from vgg_keras.datasets.given import Data, as_data
from vgg_keras.datasets.holdout import hold_out
from vgg_keras.datasets.load import load_data, load_dataset
from vgg_keras.datasets.streams import StreamBatches, Streams

__all__ = [
    "Arrays",
    "Batches",
    "Data",
    "StreamBatches",
    "Streams",
    "as_data",
    "hold_out",
    "load_data",
    "load_dataset",
]
