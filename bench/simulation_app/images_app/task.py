"""Models, data and the training loop, in the pattern of Flower's PyTorch quickstart."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

SIDE = 28
CLASSES = 10
MEAN, SPREAD = 0.4, 0.25


class Linear(nn.Module):
    """Multinomial logistic regression: 7,850 parameters."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(SIDE * SIDE, CLASSES)

    def forward(self, x):
        return self.out(x.flatten(1))


class Cnn(nn.Module):
    """Two convolutions and two dense layers: 1,630,090 parameters."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1 = nn.Linear(64 * (SIDE // 4) ** 2, 512)
        self.fc2 = nn.Linear(512, CLASSES)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv1(x)))
        x = self.pool(torch.relu(self.conv2(x)))
        return self.fc2(torch.relu(self.fc1(x.flatten(1))))


def model_for(names):
    return Cnn() if "conv1.weight" in names else Linear()


@cache
def dataset():
    folder = Path(os.environ["IMAGES_APP_DATA"])
    return np.load(folder / "x.npy", mmap_mode="r"), np.load(folder / "y.npy", mmap_mode="r")


def as_inputs(images):
    return (torch.from_numpy(images.astype(np.float32)) / 255 - MEAN) / SPREAD


def load_data(partition_id: int, num_partitions: int, batch_size: int, seed: int):
    images, labels = dataset()
    size = len(labels) // num_partitions
    rows = slice(partition_id * size, (partition_id + 1) * size)
    x = as_inputs(images[rows])
    y = torch.from_numpy(labels[rows].astype(np.int64))
    order = torch.Generator().manual_seed(seed)
    return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True, generator=order)


def train(net, trainloader, epochs: int, lr: float):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    net.train()
    running_loss = 0.0
    for _ in range(epochs):
        for x, y in trainloader:
            optimizer.zero_grad()
            loss = criterion(net(x), y)
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
    return running_loss / (epochs * len(trainloader))
