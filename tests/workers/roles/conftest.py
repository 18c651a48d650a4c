import pytest
import torch


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Tests share their machine with others; small tensors gain nothing from threads."""
    torch.set_num_threads(1)
