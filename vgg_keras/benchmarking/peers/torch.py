"""The training in PyTorch, with images in channels_last."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from vgg_keras.benchmarking.peers.task import Task, serve


def make_vgg(task: Task, image_shape: tuple[int, ...]) -> nn.Sequential:
    """Makes the VGG, whose outputs are logits."""
    height, width, inputs = image_shape
    layers: list[nn.Module] = []
    for block in task.filters:
        for count in block:
            layers += [nn.Conv2d(inputs, count, 3, padding="same"), nn.ReLU()]
            inputs = count
        layers.append(nn.MaxPool2d(2))
        height, width = height // 2, width // 2
    layers.append(nn.Flatten())
    inputs *= height * width
    for units in task.dense:
        layers += [nn.Linear(inputs, units), nn.ReLU()]
        inputs = units
    return nn.Sequential(*layers, nn.Linear(inputs, task.classes))


def make_step(task: Task) -> Callable[[np.ndarray, np.ndarray], float]:
    """Makes the training step, which returns the loss."""
    torch.manual_seed(task.seed)
    images, _ = next(task.batches())
    model = make_vgg(task, images.shape[1:]).to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)  # Keras's epsilon
    low = task.precision == "bfloat16"

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2)  # already channels_last in memory
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            loss = nn.functional.cross_entropy(model(pixels), torch.from_numpy(labels).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


if __name__ == "__main__":
    serve(make_step)
