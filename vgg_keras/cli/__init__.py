"""The program `vgg-keras`: its commands, options and terminal output."""

from vgg_keras.cli.program import main

__all__ = ["main"]
