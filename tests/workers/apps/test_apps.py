"""Apps of users: Flower's, unchanged, and FLock models."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from covey.apps.app import App, AppError, Parameters, Partition
from covey.apps.loading import load_app

APPS = Path(__file__).parent / "apps"
ALONE = Partition(0, 1)


def digits_model() -> Parameters:
    """What the quickstart's `Net` begins with."""
    torch.manual_seed(1)
    layers = {"hidden": torch.nn.Linear(64, 32), "out": torch.nn.Linear(32, 10)}
    return {
        f"{name}.{key}": value.numpy() for name, layer in layers.items() for key, value in layer.state_dict().items()
    }


def learned(app: App, parameters: Parameters, rounds: int) -> tuple[float, float]:
    """Losses before and after so many rounds of one client."""
    before = app.evaluate(parameters, 0).loss
    for round in range(rounds):
        parameters = app.train(parameters, round).parameters
    return before, app.evaluate(parameters, rounds).loss


def test_a_flower_quickstart_app_runs_unchanged() -> None:
    app = load_app(APPS / "quickstart", None, 0, Partition(3, 10))
    before, after = learned(app, digits_model(), 20)
    assert after < before / 2


def test_a_flower_app_gets_its_partition() -> None:
    samples = [
        load_app(APPS / "quickstart", None, 0, Partition(i, 10)).train(digits_model(), 0).samples for i in (0, 9)
    ]
    assert samples == [180 * 4 // 5, 179 * 4 // 5]


def test_a_flower_app_gets_what_its_own_server_would_send(tmp_path: Path) -> None:
    """As Flower's quickstart of today asks for its learning rate."""
    folder = tmp_path / "app"
    shutil.copytree(APPS / "quickstart" / "digits_app", folder / "asking_app")
    (folder / "pyproject.toml").write_text(
        (APPS / "quickstart" / "pyproject.toml").read_text().replace("digits_app", "asking_app")
    )
    code = folder / "asking_app" / "client_app.py"
    asking = code.read_text().replace("digits_app", "asking_app")
    code.write_text(asking.replace('context.run_config["learning-rate"]', 'msg.content["config"]["lr"]'))
    with pytest.raises(AppError, match=r"KeyError: 'lr': what its own server sends .* is said as --config lr=0.01"):
        load_app(folder, None, 0, ALONE).train(digits_model(), 0)
    assert load_app(folder, None, 0, ALONE, {"lr": 0.1}).train(digits_model(), 0).samples > 0


def test_a_numpy_client_runs_unchanged() -> None:
    app = load_app(APPS / "numpy_client", None, 0, ALONE)
    start = {"slope": np.zeros(1, np.float32), "intercept": np.zeros(1, np.float32)}
    trained = app.train(start, 0)
    assert list(trained.parameters) == ["slope", "intercept"]
    assert trained.samples == 41
    before, after = learned(app, start, 10)
    assert after < before / 100


def test_a_flock_model_runs_on_safetensors(tmp_path: Path) -> None:
    data = tmp_path / "numbers.txt"
    data.write_text("1 -2 3 4")
    app = load_app(APPS / "flock_line.py", data, 4, ALONE)
    start = {"p": np.zeros(1, np.float32)}
    before, after = learned(app, start, 20)
    assert before == pytest.approx(0.75)
    assert after == pytest.approx(0, abs=1e-5)
    assert app.train(start, 0).samples == 4


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("def f(): pass", "holds 0 classes with init_dataset"),
        ("import nothing_there", "cannot import model"),
        ("class M:\n def __init__(self): raise KeyError('x')\n", "holds 0 classes"),
        ("class M:\n def init_dataset(self, d): raise OSError('gone')\n", "init_dataset failed: OSError: gone"),
        ("class M:\n def train(self, p): return [1]\n", "return the model as safetensors bytes"),
        ("class M:\n def train(self, p): return b'\\x80\\x04pickle'\n", "no safetensors file"),
        ("class M:\n def train(self, p): return save({'q': np.zeros(1)})\n", "returned the arrays [q]"),
        ("class M:\n def train(self, p): return save({'p': np.zeros(2, np.float32)})\n", "p as float32(2,)"),
        ("class M:\n def train(self, p): return save({'p': np.full(1, np.nan, np.float32)})\n", "NaN or infinity (p)"),
        ("class M:\n def evaluate(self, p): return 7\n", "a number from 0 to 1"),
        ("class M:\n def evaluate(self, p): return float('nan')\n", "a number from 0 to 1"),
    ],
)
def test_what_a_bad_flock_model_hears(tmp_path: Path, source: str, says: str) -> None:
    methods = "".join(
        f" def {name}(self, x): return {value}\n"
        for name, value in (("init_dataset", None), ("train", "x"), ("evaluate", 0.5), ("aggregate", "x[0]"))
        if f"def {name}(" not in source
    )
    whole = source + ("" if "holds 0" in says or "import " in source else methods)
    (tmp_path / "model.py").write_text(f"import numpy as np\nfrom safetensors.numpy import save\n{whole}")
    start = {"p": np.zeros(1, np.float32)}
    with pytest.raises(AppError, match=re.escape(says)):
        use(tmp_path / "model.py", start)


def use(model: Path, parameters: Parameters) -> None:
    app = load_app(model, model.parent, 1, ALONE)
    app.train(parameters, 0)
    app.evaluate(parameters, 0)
