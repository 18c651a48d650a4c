"""Model, data and training loops of a Flower app that knows nothing of Covey."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(64, 32)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        return self.out(torch.relu(self.hidden(x)))


def load_data(partition_id: int, num_partitions: int, batch_size: int):
    digits = load_digits()
    x = torch.tensor(digits.data[partition_id::num_partitions], dtype=torch.float32) / 16
    y = torch.tensor(digits.target[partition_id::num_partitions])
    cut = len(y) * 4 // 5
    trainloader = DataLoader(TensorDataset(x[:cut], y[:cut]), batch_size=batch_size, shuffle=True)
    return trainloader, DataLoader(TensorDataset(x[cut:], y[cut:]), batch_size=batch_size)


def train(net, trainloader, epochs: int, lr: float, device):
    net.to(device)
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    net.train()
    running_loss = 0.0
    for _ in range(epochs):
        for x, y in trainloader:
            optimizer.zero_grad()
            loss = criterion(net(x.to(device)), y.to(device))
            loss.backward()
            optimizer.step()
            running_loss += loss.item()
    return running_loss / (epochs * len(trainloader))


def test(net, testloader, device):
    net.to(device)
    criterion = torch.nn.CrossEntropyLoss()
    correct, loss = 0, 0.0
    with torch.no_grad():
        for x, y in testloader:
            outputs = net(x.to(device))
            loss += criterion(outputs, y.to(device)).item()
            correct += (torch.max(outputs.data, 1)[1] == y.to(device)).sum().item()
    return loss / len(testloader), correct / len(testloader.dataset)
