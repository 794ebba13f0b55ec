"""Data sets as arrays, and arrays as batches."""

from vgg_keras.datasets.arrays import Arrays
from vgg_keras.datasets.holdout import hold_out
from vgg_keras.datasets.load import load_dataset
from vgg_keras.datasets.pipeline import Batches

__all__ = ["Arrays", "Batches", "hold_out", "load_dataset"]
