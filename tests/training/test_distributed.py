"""Several devices and processes train what one would, and lose nothing when some die."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from charloom.run import find_state, load_model, load_state
from helpers.processes import shell, start, wait_until
from helpers.trainings import history, losses, same

pytest.importorskip("jax")
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
]

SMALL = ["--model", "network", "--units", "24", "--embedding", "8", "--patience", "0",
         "--dropout", "0.2", "--batch-size", "10"]  # fmt: skip
NAMES = [*SMALL, "--base", "none"]
TEXT = [*SMALL, "--as", "text", "--window", "24"]


@pytest.fixture(scope="module")
def text(tmp_path_factory) -> Path:
    rng = random.Random(0)
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "then", "it", "ran", "away", "to", "sea"]
    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text(" ".join(rng.choice(words) for _ in range(4000)), "utf-8")
    return path


def children(process: subprocess.Popen) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(one) for one in path.read_text().split()]


def saved(folder: Path, step: int = 1):
    return lambda: (folder / "checkpoints").is_dir() and step_of(folder) >= step


def step_of(folder: Path) -> int:
    try:
        return int(find_state(folder).data["progress"]["step"])
    except Exception:  # noqa: BLE001 (it is being written)
        return 0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ended(process: subprocess.Popen) -> tuple[int, str, list[str]]:
    """Return the code, the results, and the lines that begin with the program's name."""
    try:
        out, err = process.communicate(timeout=100)
    finally:
        process.kill()
    return process.returncode, out, [line for line in err.splitlines() if "charloom: " in line]


LOSSES = """
import json, sys
import numpy as np
from pathlib import Path
from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.models.rnn.initial import initial_weights
from charloom.training.engines.jax import JaxEngine
from charloom.training.engines.jax_rows import RowsEngine, own_rows
from charloom.training.name_data import NameData
from charloom.training.text_data import TextData

kind, cell, size, path = sys.argv[1:]
text = Path(path).read_text("utf-8")
model = ModelConfig(kind="network", cell=cell, units=17, embedding=5, layers=2, dropout=0.3,
                    text=kind == "text")
training = TrainConfig(batch_size=int(size), preparation=kind, window=9)
make = TextData if kind == "text" else NameData
names = sorted({text[place:place + 9] for place in range(0, 2000, 9)})
corpus = TextCorpus.of(text) if kind == "text" else NameCorpus.of(names)
data = make(corpus, model, training)
whole, part = data.batches(), data.batches(own_rows(training.batch_size))
weights = initial_weights(model, data.vocabulary.size, 0)
one, four = (
    make(model, training, weights, whole.characters_per_batch) for make in (JaxEngine, RowsEngine)
)
four.prepare(whole.times)
losses, steps = [], whole.steps_per_epoch
for step in range(20):
    at = divmod(step, steps)
    both = (one, whole), (four, part)
    losses.append([float(engine.step(batches.batch(*at), 0.01)) for engine, batches in both])
state = four.state()
four.restore(state)
same = all((four.state()[name] == array).all() for name, array in state.items())
print(json.dumps({"losses": losses, "same": same}))
"""


@pytest.mark.parametrize("kind", ["names", "text"])
@pytest.mark.parametrize(("cell", "size"), [("lstm", 12), ("gru", 10)])
def test_four_devices_have_the_losses_of_one(kind, cell, size, text):
    found = subprocess.run(
        [sys.executable, "-c", LOSSES, kind, cell, str(size), text],
        env={**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"},
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    result = json.loads(found.stdout)
    one, four = np.array(result["losses"]).T
    assert np.allclose(one, four, rtol=1e-5, atol=0) and result["same"]


@pytest.mark.parametrize("kind", ["names", "text"])
def test_two_processes_train_what_one_does(kind, text, tmp_path):
    command = [*TEXT, text] if kind == "text" else NAMES
    for folder, more in ((tmp_path / "1", []), (tmp_path / "2", ["--processes", "2"])):
        done = shell("train", *command, "--epochs", "2", "--out", folder, *more)
        assert done.returncode == 0, done.stderr
        assert "Gloo" not in done.stdout and len(done.stderr.splitlines()) <= 8
    for one, two in zip(history(tmp_path / "1"), history(tmp_path / "2"), strict=True):
        for name in ("train_nats_per_char", "held_out_nats_per_char"):
            assert two[name] == pytest.approx(one[name], rel=1e-5)
    assert load_model(tmp_path / "2").facts["digest"] == load_model(tmp_path / "1").facts["digest"]


def test_a_training_of_two_resumes_on_three_and_on_one(text, tmp_path):
    run, options = tmp_path / "run", ["--epochs", "4", "--save-steps", "7"]
    process = start("train", *TEXT, text, *options, "--out", run, "--processes", 2, text=True)
    wait_until(process, saved(run))
    process.send_signal(signal.SIGINT)
    code, _, said = ended(process)
    assert code == 0 and not said
    before = step_of(run)
    for count in (3, 1):
        more = ["--processes", count] if count > 1 else []
        done = shell("train", "--resume", "--out", run, *more, "--epochs", 4 if count == 1 else 3)
        assert done.returncode == 0, done.stderr
        assert step_of(run) > before
        before = step_of(run)
    straight = tmp_path / "straight"
    assert shell("train", *TEXT, text, *options, "--out", straight).returncode == 0
    assert len(history(run)) == len(history(straight)) == 4


def test_trainings_whose_processes_are_killed_end_bit_identical(text, tmp_path):
    command = ["train", *TEXT, text, "--epochs", "3", "--save-steps", "5", "--processes", "2"]
    assert shell(*command, "--out", tmp_path / "whole").returncode == 0
    run, reached = tmp_path / "run", 0
    for victim in (1, 0):
        process = start(*command, "--out", run, "--resume", text=True)
        wait_until(process, saved(run, reached + 5))
        os.kill(children(process)[victim], signal.SIGKILL)
        begun = time.monotonic()
        code, _, said = ended(process)
        assert code == 1 and time.monotonic() - begun < 60
        assert (
            len(said) == 1 and f"process {victim} of this training was ended by SIGKILL" in said[0]
        )
        assert said[0].endswith("--resume")
        reached = step_of(run)
    assert shell(*command, "--out", run, "--resume").returncode == 0
    (ours, _), (theirs, _) = load_state(run), load_state(tmp_path / "whole")
    assert same(ours, theirs)
    assert losses(history(run)) == losses(history(tmp_path / "whole"))


def test_processes_end_with_the_command_that_started_them(text, tmp_path):
    run = tmp_path / "run"
    process = start("train", *TEXT, text, "--epochs", 999, "--save-steps", 5, "--out", run,
                    "--processes", 2)  # fmt: skip
    wait_until(process, saved(run))
    left = children(process)
    process.kill()
    process.communicate()
    until = time.monotonic() + 60
    while any(alive(one) for one in left):
        assert time.monotonic() < until
        time.sleep(0.1)


def alive(number: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{number}/stat").read_text()
    except OSError:
        return False


def test_a_process_that_hangs_ends_the_training_within_a_minute(text, tmp_path):
    run = tmp_path / "run"
    process = start("train", *TEXT, text, "--epochs", 999, "--save-steps", 5, "--out", run,
                    "--processes", 2, text=True)  # fmt: skip
    wait_until(process, saved(run))
    os.kill(children(process)[1], signal.SIGSTOP)
    code, _, said = ended(process)
    assert code == 1 and len(said) == 1 and "died, or does not answer" in said[0]


def test_a_budget_of_seconds_ends_all_processes_at_one_step(text, tmp_path):
    done = shell("train", *TEXT, text, "--epochs", 9999, "--seconds", 15, "--out", tmp_path / "run",
                 "--processes", 2)  # fmt: skip
    assert done.returncode == 0 and "15 seconds are used up" in done.stderr


# Two shells


def shells(*commands: list[object]) -> list[subprocess.Popen]:
    address = ["--coordinator", f"127.0.0.1:{free_port()}", "--num-processes", len(commands)]
    return [
        start("train", *command, *address, "--process-id", rank, text=True)
        for rank, command in enumerate(commands)
    ]


def test_two_shells_train_together_and_the_first_reports(text, tmp_path):
    command = [*TEXT, text, "--epochs", 1, "--out", tmp_path / "run"]
    first, second = (ended(process) for process in shells(command, command))
    assert first[0] == second[0] == 0 and not (first[2] or second[2])
    assert first[1] and not second[1]
    assert load_model(tmp_path / "run").facts["train_characters"] > 0


def test_slurm_says_which_processes_there_are(text, tmp_path):
    job = {"SLURM_JOB_ID": str(random.randrange(4096)), "SLURM_STEP_NODELIST": "localhost",
           "SLURM_NTASKS": "2", "SLURM_STEP_NUM_NODES": "1"}  # fmt: skip
    command = ["train", *TEXT, text, "--epochs", 1, "--out", tmp_path / "run", "--distributed"]
    started = []
    for rank in ("0", "1"):
        own = {"SLURM_PROCID": rank, "SLURM_LOCALID": rank}
        started.append(start(*command, text=True, env={**os.environ, **job, **own}))
    first, second = map(ended, started)
    assert first[0] == second[0] == 0 and first[1] and not second[1]
    assert load_model(tmp_path / "run").facts["train_characters"] > 0


@pytest.mark.parametrize("wrong", ["seed", "corpus", "missing"])
def test_processes_that_disagree_are_told_apart_in_one_line(wrong, text, tmp_path):
    run = tmp_path / "run"
    other = tmp_path / "other.txt"
    if wrong == "corpus":
        other.write_text(text.read_text("utf-8").replace("cat", "dog"), "utf-8")
    command = [*TEXT, "--out", run, "--epochs", 1]
    theirs = [text, "--seed", 1] if wrong == "seed" else [other]
    first, second = (ended(one) for one in shells([*command, text], [*command, *theirs]))
    assert first[0] == second[0] == 1 and not second[2] and len(first[2]) == 1
    wanted = {"seed": "the same seed. Process 1 has 1, process 0 0",
              "corpus": "the same corpus. Process 1 has",
              "missing": "process 1: "}  # fmt: skip
    assert wanted[wrong] in first[2][0]
    assert not run.exists()


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_waits_in_vain_says_so(rank, text):
    address = ["--coordinator", f"127.0.0.1:{free_port()}", "--num-processes", 2]
    done = shell("train", *TEXT, text, *address, "--process-id", rank, "--join-seconds", 3)
    wanted = ("did not find each other within 3 s", "no coordinator answers at 127.0.0.1:")[rank]
    assert done.returncode == 1 and wanted in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(text, tmp_path):
    import resource  # not on Windows

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))

    process = start("train", *TEXT, text, "--epochs", 9, "--save-steps", 5, "--processes", 2,
                    "--out", tmp_path / "run", text=True, preexec_fn=limited,
                    env={**os.environ, "JAX_ENABLE_COMPILATION_CACHE": "0"})  # fmt: skip
    code, _, said = ended(process)
    assert code == 1 and len(said) == 1 and "could not be written" in said[0]
    assert step_of(tmp_path / "run") == 0
