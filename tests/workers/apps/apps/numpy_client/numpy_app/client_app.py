"""A Flower NumPyClient: least squares on a line, y = 3 x - 1."""

import numpy as np
from flwr.client import NumPyClient
from flwr.clientapp import ClientApp

X = np.linspace(-1, 1, 41, dtype=np.float32)
Y = 3 * X - 1


class LineClient(NumPyClient):
    def __init__(self, steps: int) -> None:
        self.steps = steps

    def fit(self, parameters, config):
        slope, intercept = (np.copy(array) for array in parameters)
        for _ in range(self.steps):
            error = slope * X + intercept - Y
            slope -= np.float32(0.5) * (error * X).mean()
            intercept -= np.float32(0.5) * error.mean()
        return [slope, intercept], len(X), {"round": config["server_round"]}

    def evaluate(self, parameters, config):
        error = parameters[0] * X + parameters[1] - Y
        return float((error**2).mean()), len(X), {}


def client_fn(context):
    return LineClient(context.run_config["optimiser.steps"]).to_client()


app = ClientApp(client_fn)
