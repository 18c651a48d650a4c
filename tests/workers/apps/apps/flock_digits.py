"""A FLock model: the digits of one folder, by the network of the Flower app beside it."""

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load, save
from torch import nn
from torch.nn import functional


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


class DigitsModel:
    def init_dataset(self, dataset_path: str) -> None:
        with np.load(Path(dataset_path)) as file:
            x, y = torch.tensor(file["x"], dtype=torch.float32).flatten(1) / 16, torch.tensor(file["y"])
        cut = len(y) * 4 // 5
        self.train_set, self.test_set = (x[:cut], y[:cut]), (x[cut:], y[cut:])

    def train(self, parameters: bytes | None) -> bytes:
        net = self._net(parameters)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
        x, y = self.train_set
        for batch in torch.randperm(len(y)).split(32):
            optimizer.zero_grad()
            functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimizer.step()
        return save(net.state_dict())

    def evaluate(self, parameters: bytes | None) -> float:
        x, y = self.test_set
        with torch.no_grad():
            return float((self._net(parameters)(x).argmax(1) == y).float().mean())

    def aggregate(self, parameters_list: list[bytes]) -> bytes:
        states = [load(each) for each in parameters_list]
        return save({name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]})

    def _net(self, parameters: bytes | None) -> Net:
        net = Net()
        if parameters is not None:
            net.load_state_dict(load(parameters))
        return net
