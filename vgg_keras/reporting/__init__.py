"""`report.html`: what a run found, in one file, from its result alone."""

from vgg_keras.runtime.drawing import own_style

__all__ = ["own_style"]
