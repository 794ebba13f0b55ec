"""Data sets as arrays, and arrays as batches."""

from vgg_keras.datasets.arrays import Arrays
from vgg_keras.datasets.batches import Batches
from vgg_keras.datasets.holdout import hold_out
from vgg_keras.datasets.load import load_dataset

__all__ = ["Arrays", "Batches", "hold_out", "load_dataset"]
