"""The graph of a model as TensorBoard draws it best."""

from __future__ import annotations

import re
from collections.abc import Iterator

import keras
import tensorflow as tf


def readable(graph: tf.Graph, model: keras.Model) -> tf.compat.v1.GraphDef:
    """Leaves out control dependencies, and names scopes as the layers are named.

    Keras opens the scope of a layer twice, to build and to call it, so that TensorFlow numbers it.

    Args:
        graph: Graph of a call of the model.
        model: The model.
    """
    layers, definition = set(names_of(model)), graph.as_graph_def()

    def plain(scope: str) -> str:
        match = re.fullmatch(r"(.+)_\d+", scope)
        return match[1] if match and match[1] in layers else scope

    names = {node.name: "/".join(map(plain, node.name.split("/"))) for node in definition.node}
    if len(set(names.values())) < len(names):  # a layer that is called twice
        names = {name: name for name in names}
    nodes = [node for node in definition.node if node.op != "NoOp"]
    for node in nodes:
        node.name = names[node.name]
        inputs = [name.partition(":") for name in node.input if name[0] != "^"]
        node.ClearField("input")
        node.input.extend(names[name] + colon + port for name, colon, port in inputs)
    del definition.node[:]
    definition.node.extend(nodes)
    return definition


def names_of(layer: keras.Layer) -> Iterator[str]:
    """The names of a layer and of all layers in it."""
    yield layer.name
    for inner in getattr(layer, "layers", ()):
        yield from names_of(inner)
