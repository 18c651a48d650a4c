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


GOOD = {
    "arrays": "arrays(p=np.ones(1, np.float32))",
    "train": "{'num-examples': 3}",
    "evaluate": "{'num-examples': 3, 'eval_loss': 0.5}",
}


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("raises", {"train": "no_such_thing"}, "the app's train failed: NameError"),
        ("names", {"arrays": "arrays(q=np.ones(1, np.float32))"}, "returned the arrays [q]; the task's"),
        ("shapes", {"arrays": "arrays(p=np.ones(2, np.float32))"}, "returned p as float32(2,); the task's"),
        ("types", {"arrays": "arrays(p=np.ones(1))"}, "returned p as float64(1,); the task's model has"),
        ("nan", {"arrays": "arrays(p=np.full(1, np.nan, np.float32))"}, "NaN or infinity (p): lower the"),
        ("uncounted", {"train": "{}"}, "counted None examples: return how many it used"),
        ("none", {"train": "{'num-examples': 0}"}, "counted 0 examples: return how many it used"),
        ("garbled", {"arrays": "garbled(b'no array')"}, "returned arrays that cannot be read"),
        ("foreign", {"arrays": "garbled(b'', 'torch.Tensor')"}, "returned arrays that cannot be read"),
        ("lossless", {"evaluate": "{'num-examples': 3, 'accuracy': 1.0}"}, "name the loss one of loss, eval_loss"),
    ],
)
def test_what_a_bad_flower_app_hears(tmp_path: Path, name: str, changed: dict[str, str], says: str) -> None:
    app = app_that(tmp_path, name, changed)
    with pytest.raises(AppError, match=re.escape(says)):  # noqa: PT012 (which of the two fails is the case's)
        app.train({"p": np.zeros(1, np.float32)}, 0)
        app.evaluate({"p": np.zeros(1, np.float32)}, 0)


def app_that(folder: Path, name: str, changed: dict[str, str]) -> App:
    """A Flower app that replies what GOOD says, but for what is changed."""
    reply = GOOD | changed
    package = folder / f"app_{name}"
    package.mkdir()
    (folder / "pyproject.toml").write_text(f"[tool.flwr.app.components]\nclientapp = 'app_{name}.client:app'\n")
    (package / "__init__.py").touch()
    (package / "client.py").write_text(
        "import numpy as np\n"
        "from flwr.app import Array, ArrayRecord, Message, MetricRecord, RecordDict\n"
        "from flwr.clientapp import ClientApp\n"
        "app = ClientApp()\n"
        "def arrays(**named):\n"
        "    return ArrayRecord({name: Array(array) for name, array in named.items()})\n"
        "def garbled(data, form='numpy.ndarray'):\n"
        "    return ArrayRecord({'p': Array('float32', (1,), form, data)})\n"
        "@app.train()\n"
        "def train(msg, context):\n"
        f"    content = {{'arrays': {reply['arrays']}, 'metrics': MetricRecord({reply['train']})}}\n"
        "    return Message(content=RecordDict(content), reply_to=msg)\n"
        "@app.evaluate()\n"
        "def evaluate(msg, context):\n"
        f"    content = {{'metrics': MetricRecord({reply['evaluate']})}}\n"
        "    return Message(content=RecordDict(content), reply_to=msg)\n"
    )
    return load_app(folder, None, 0, ALONE)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("rows", "np.arange(6, dtype=np.float32).reshape(2, 3)"),
        ("columns", "np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3))"),
        ("backwards", "np.arange(6, dtype=np.float32)[::-1].reshape(2, 3)[::-1, ::-1]"),
    ],
)
def test_a_flower_app_may_lay_its_arrays_as_it_likes(tmp_path: Path, name: str, array: str) -> None:
    app = app_that(tmp_path, name, {"arrays": f"arrays(p={array})"})
    trained = app.train({"p": np.zeros((2, 3), np.float32)}, 0)
    assert trained.parameters["p"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("project", "says"),
    [
        ("[project]\nname = 'x'\n", "names no Flower clientapp"),
        ("[tool.flwr.app.components]\nclientapp = 'nothing_here:app'\n", "cannot import nothing_here"),
        ("[tool.flwr.app.components]\nclientapp = 'json:dumps'\n", "is function, not a Flower ClientApp"),
        ("[tool.flwr.app.components]\nclientapp = 'json'\n", "names no object: write package.module:app"),
    ],
)
def test_a_folder_that_is_no_flower_app_is_told(tmp_path: Path, project: str, says: str) -> None:
    (tmp_path / "pyproject.toml").write_text(project)
    with pytest.raises(AppError, match=re.escape(says)):
        load_app(tmp_path, None, 0, ALONE)


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
