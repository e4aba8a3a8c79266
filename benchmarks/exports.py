"""Claim: every kind of export keeps the model's loss, and none is slow.

For each kind, beside charloom's own steps on NumPy: the size of what is written, the loss on the
run's held-out names in nats a character, and how many names a second a plain loop samples, 256 at a
time, on one core. The model is the one that was measured (``Run.measured``). Keras and TensorFlow
hold the network of a mixture alone; Keras' own file is asked for whole prefixes, as it has no step.
How fast pages are in a browser, `export_html.py` measures.

    pip install "charloom[onnx]" onnxruntime
    OMP_NUM_THREADS=1 python benchmarks/exports.py RUN [--names 2048] [--repeats 3]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charloom.export import export
from charloom.export.html import write_html
from charloom.export.html.measure import losses
from charloom.export.place import bytes_in
from charloom.models.factory import recurrence
from charloom.run import Run

Step = Callable[[NDArray[np.int64], Any], tuple[NDArray[np.float32], Any]]
"""From ids (B,) and what the step before returned, or ``None``, to logits (B, V) and its own."""

ROWS, LONGEST = 256, 60


def numpy_step(run: Run, _: Path) -> Step:
    model = recurrence(run.config, run.weights)

    def step(ids: NDArray[np.int64], carry: Any) -> tuple[NDArray[np.float32], Any]:
        return model.step(ids, model.initial_carry(len(ids)) if carry is None else carry)

    return step


def onnx_step(run: Run, path: Path) -> Step:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    outputs = [output.name for output in session.get_outputs()]
    types = {"tensor(float)": np.float32, "tensor(int32)": np.int32, "tensor(int64)": np.int64}

    def step(ids: NDArray[np.int64], carry: Any) -> tuple[NDArray[np.float32], Any]:
        inputs = session.get_inputs()
        zeros = {i.name: np.zeros((len(ids), *i.shape[1:]), types[i.type]) for i in inputs}
        found = dict(
            zip(outputs, session.run(None, zeros | (carry or {}) | {"ids": ids}), strict=True)
        )
        logits = found.pop("logits")
        return logits, {name.removesuffix("_after"): value for name, value in found.items()}

    return step


def keras_step(run: Run, path: Path) -> Step:
    import keras

    model = keras.saving.load_model(path)

    def step(ids: NDArray[np.int64], carry: Any) -> tuple[NDArray[np.float32], Any]:
        seen = ids[:, None] if carry is None else np.concatenate([carry, ids[:, None]], axis=1)
        padded = np.zeros((len(ids), LONGEST + 1), np.int32)  # one shape is compiled once
        padded[:, : seen.shape[1]] = seen
        return model.predict_on_batch(padded)[:, seen.shape[1] - 1], seen

    return step


def saved_model_step(run: Run, path: Path) -> Step:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(path))
    one = loaded.signatures["step"]
    width = one.structured_input_signature[1]["hidden"].shape[1]

    def step(ids: NDArray[np.int64], carry: Any) -> tuple[NDArray[np.float32], Any]:
        hidden = tf.zeros((len(ids), width)) if carry is None else carry
        found = one(ids=tf.constant(ids, tf.int32), hidden=hidden)
        return found["logits"].numpy(), found["hidden_after"]

    return step


def loss_of(step: Step, run: Run) -> float:
    """Return the mean -log p of the held-out names' characters, their ends included."""
    names = [name for name in run.held_out_names if not run.vocabulary.unknown(name)]
    nats, count = 0.0, 0
    for start in range(0, len(names), ROWS):
        strings = [run.vocabulary.encode(name) for name in names[start : start + ROWS]]
        longest = max(map(len, strings))
        ids = np.zeros((len(strings), longest + 2), np.int64)  # from the begin to the end
        for row, string in enumerate(strings):
            ids[row, 1 : len(string) + 1] = string
        lengths, carry = np.array([len(string) for string in strings]), None
        for place in range(longest + 1):
            logits, carry = step(ids[:, place], carry)
            logs = logits.astype(float) - logits.max(axis=1, keepdims=True)
            logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
            known = place <= lengths
            nats -= float(logs[np.arange(len(ids)), ids[:, place + 1]][known].sum())
            count += int(known.sum())
    return nats / count


def sample(step: Step, count: int, seed: int) -> int:
    """Sample ``count`` names at temperature 1, and return their characters."""
    rng, characters = np.random.default_rng(seed), 0
    for _ in range(0, count, ROWS):
        ids, going, carry = np.zeros(ROWS, np.int64), np.ones(ROWS, bool), None
        for _ in range(LONGEST):
            logits, carry = step(ids, carry)
            ids = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
            going &= ids != 0
            characters += int(going.sum())
            if not going.any():
                break
    return characters


def exported(run: Run, folder: Path) -> Iterator[tuple[str, Path, Callable[..., Step] | None]]:
    """Write the run as each kind, and yield what to call it, where it is, and its step."""
    yield "numpy (model.safetensors)", run.path / "model.safetensors", numpy_step
    kinds = [("onnx", "a.onnx", onnx_step)]
    if run.config.has_network:
        kinds += [("keras", "a.keras", keras_step), ("keras", "saved", saved_model_step)]
    for kind, name, step in [*kinds, ("huggingface", "hub", numpy_step)]:
        what = f"{kind} ({name})" if kind == "keras" else kind
        try:
            export(run, kind, folder / name)
            step(run, folder / name)
        except (ImportError, ValueError) as error:  # a package is missing, or the model is refused
            print(f"left out: {what}: {error}")
            continue
        yield what, folder / name, step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="run folder of names, with a begin symbol")
    parser.add_argument("--names", type=int, default=2048, help="names a repeat")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    whole = Run.open(options.run)
    if whole.is_text or not whole.config.begin or not whole.held_out_names:
        parser.error("needs a run of names that has held-out ones and a begin symbol")
    run = replace(whole.measured, path=whole.path)
    print(f"{whole.path.name}: {run.config.kind}, V = {run.vocabulary.size}")
    print(f"{'':26}{'kB':>10}{'nats a character':>18}{'names a second':>16}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for precision in ("float32", "float16", "int8"):
            write_html(whole, folder / f"{precision}.html", weights=precision)
            found = losses(whole, (precision,))
            size = bytes_in(folder / f"{precision}.html")
            print(f"{f'html ({precision})':26}{size / 1000:10,.0f}{found[0] if found else 0:18.4f}")
        for what, path, create in exported(run, folder):
            step, rates = create(run, path), []
            loss = loss_of(step, run)
            for repeat in range(options.repeats):
                began = time.process_time()
                sample(step, options.names, repeat)
                rates.append(options.names / (time.process_time() - began))
            size = bytes_in(path)
            print(f"{what:26}{size / 1000:10,.0f}{loss:18.4f}{median(rates):16,.0f}", flush=True)


if __name__ == "__main__":
    main()
