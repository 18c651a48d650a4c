"""Apps in processes of their own: what they do, and what a worker hears of those that hang, crash, print and pry."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from covey.apps.app import AppError
from covey.apps.isolated import IsolatedApp, Source
from covey.apps.loading import load_app
from tests.workers.apps.test_apps import ALONE, APPS, learned

START = {"p": np.zeros(1, np.float32)}
LIMIT = 60.0


def written(folder: Path, train: str, extra: str) -> Path:
    """A FLock model whose training is `train`."""
    file = folder / "model.py"
    file.write_text(
        "import os, sys, time\nimport numpy as np\nfrom safetensors.numpy import load, save\n"
        f"{extra}\n"
        "class M:\n"
        " def init_dataset(self, path): pass\n"
        f" def train(self, parameters): {train}\n"
        " def evaluate(self, parameters): return 0.5\n"
        " def aggregate(self, all_): return all_[0]\n"
    )
    return file


def source(folder: Path, train: str, extra: str = "") -> Source:
    return Source(written(folder, train, extra), folder)


def test_an_app_does_the_same_in_a_process_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "numbers.txt"
    data.write_text("1 -2 3 4")
    inside = load_app(APPS / "flock_line.py", data, 4, ALONE)
    apart = IsolatedApp(Source(APPS / "flock_line.py", data, 4), LIMIT)
    assert learned(apart, START, 5) == learned(inside, START, 5)
    assert apart.train(START, 0).samples == 4


def test_arrays_keep_the_model_s_order() -> None:
    app = IsolatedApp(Source(APPS / "numpy_client"), LIMIT)
    start = {"slope": np.zeros(1, np.float32), "intercept": np.zeros(1, np.float32)}
    trained = app.train(start, 0).parameters
    assert list(trained) == ["slope", "intercept"]
    assert trained["slope"][0] > 0 > trained["intercept"][0]


@pytest.mark.parametrize(
    ("train", "says"),
    [
        ("raise ValueError('no data')", "train failed: ValueError: no data"),
        ("os._exit(7)", r"ended in its train \(status 7\)"),
        ("os.kill(os.getpid(), 11)", r"ended in its train \(killed by SIGSEGV\)"),
        ("return save({'p': np.full(1, np.nan, np.float32)})", r"NaN or infinity \(p\): lower the learning rate"),
        ("return save({'p': np.zeros(2, np.float32)})", r"returned p as float32\(2,\); the task's model has"),
    ],
)
def test_what_a_bad_app_does_is_told(tmp_path: Path, train: str, says: str) -> None:
    app = IsolatedApp(source(tmp_path, train), LIMIT)
    with pytest.raises(AppError, match=says):
        app.train(START, 0)


def test_an_app_that_raised_may_try_again(tmp_path: Path) -> None:
    app = IsolatedApp(source(tmp_path, "raise ValueError('no data')"), LIMIT)
    for _ in range(2):
        with pytest.raises(AppError, match="no data"):
            app.train(START, 0)
    assert app.evaluate(START, 0).loss == 0.5


def test_an_app_that_hangs_is_stopped_with_all_it_started(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    extra = f"import subprocess\nopen({str(pid)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))"
    app = IsolatedApp(source(tmp_path, "time.sleep(600)", extra), 1.0)
    with pytest.raises(AppError, match=r"train took more than 1 s and was stopped: make it faster, or .* --time-limit"):
        app.train(START, 0)
    with pytest.raises(AppError, match="start again"):
        app.train(START, 0)
    assert not _runs(int(pid.read_text()))


def test_an_app_ends_with_a_worker_that_is_killed_while_it_trains(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    app = written(tmp_path, f"open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)", "")
    worker = (
        "import os, pathlib, sys, threading, time\n"
        "import numpy as np\n"
        "from covey.apps.isolated import IsolatedApp, Source\n"
        "model, pid = map(pathlib.Path, sys.argv[1:])\n"
        "app = IsolatedApp(Source(model, model.parent), 600)\n"
        "threading.Thread(target=app.train, args=({'p': np.zeros(1, np.float32)}, 0)).start()\n"
        "while not (pid.exists() and pid.read_text()): time.sleep(0.05)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", worker, str(app), str(pid)], timeout=300, check=False)
    assert ended.returncode == -9
    deadline = time.monotonic() + 300
    while _runs(int(pid.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(int(pid.read_text()))


def test_an_app_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="cannot import model"):
        IsolatedApp(source(tmp_path, "pass", "import nothing_there"), LIMIT)


def test_what_an_app_prints_is_not_the_worker_s_output(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    app = IsolatedApp(source(tmp_path, "print('chatter', flush=True); return parameters"), LIMIT)
    app.train(START, 0)
    out, err = capfd.readouterr()
    assert (out, "chatter" in err) == ("", True)


def test_an_app_does_not_get_the_worker_s_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COVEY_KEY", "secret")
    app = IsolatedApp(source(tmp_path, "raise ValueError([n for n in os.environ if n.startswith('COVEY')])"), LIMIT)
    with pytest.raises(AppError, match=r"ValueError: \[\]"):
        app.train(START, 0)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False
