"""The baseline: a well-known tutorial that trains on dinosaur names, in stock Keras.

It needs Keras and a backend, not charloom. The benchmarks start it as a worker: each line of
JSON on stdin is a command, ``{"command": name, ...}``; lines of JSON on stdout are its answers,
the last of which has ``"done": true``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROW = 24
"""The length to which names are padded with newlines; inputs and targets are one shorter."""
BATCH, EMBEDDING, UNITS = 64, 256, 1024

Answer = dict[str, Any]


def alphabet(lines: Sequence[str]) -> list[str]:
    """Return the V distinct characters in sorted order, the newline first."""
    return sorted(set("\n".join(lines)) | {"\n"})


def rows_of(lines: Sequence[str], characters: Sequence[str]) -> NDArray[np.int32]:
    """Return the lines as ids, padded with newlines, (N, ROW)."""
    ids = {character: i for i, character in enumerate(characters)}
    return np.array([[ids[c] for c in line.ljust(ROW, "\n")] for line in lines], dtype=np.int32)


def build(size: int, batch: int | None, *, stateful: bool = True) -> Any:
    """Build the tutorial's network for ``size`` characters: ids (B, T) to logits (B, T, V)."""
    import keras

    return keras.Sequential(
        [
            keras.Input(batch_shape=(batch, None), dtype="int32"),
            keras.layers.Embedding(size, EMBEDDING),
            keras.layers.GRU(
                UNITS,
                return_sequences=True,
                stateful=stateful,
                recurrent_initializer="glorot_uniform",
            ),
            keras.layers.Dense(size),
        ]
    )


def compiled(size: int) -> Any:
    """Build the network for training."""
    import keras

    model = build(size, BATCH)
    model.compile("adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def training_data(rows: NDArray[np.int32]) -> dict[str, Any]:
    """Return the arguments of ``fit``: shuffled full batches of inputs and targets."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        data = tf.data.Dataset.from_tensor_slices((rows[:, :-1], rows[:, 1:]))
        return {"x": data.shuffle(10_000).batch(BATCH, drop_remainder=True)}
    whole = rows[: len(rows) - len(rows) % BATCH]  # without TensorFlow, the same rows each epoch
    return {"x": whole[:, :-1], "y": whole[:, 1:], "batch_size": BATCH}


def epoch_clock() -> Any:
    """Return a callback whose ``seconds`` is the duration of the last epoch, without its set-up."""
    import keras

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]
        seconds = 0.0

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.begun = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.seconds = time.perf_counter() - self.begun

    return Clock()


def held_out_nats(model: Any, rows: NDArray[np.int32], newline: int = 0) -> float:
    """Return nats a character of names (N, ROW) from an empty state.

    First letters are only inputs; the first newline counts, the padding after it does not.
    """
    inputs, targets = rows[:, :-1], rows[:, 1:]
    logits = np.asarray(model.predict(inputs, batch_size=BATCH, verbose=0), dtype=np.float64)
    logits -= logits.max(-1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    picked = np.take_along_axis(log_p, targets[..., None], -1)[..., 0]
    return float(-picked[inputs != newline].mean())  # after each letter, a letter or the end


class Worker:
    """Answers commands; the model is kept from one command to the next."""

    def learn(self, lines: list[str], seed: int = 0) -> Iterator[Answer]:
        """Build the model and its data, and train for a first epoch, which compiles."""
        import keras

        keras.utils.set_random_seed(seed)
        characters = alphabet(lines)
        self.data = training_data(rows_of(lines, characters))
        self.model = compiled(len(characters))
        self.clock = epoch_clock()
        yield {**next(self.epoch()), "keras": f"{keras.__version__}, {keras.backend.backend()}"}

    def epoch(self) -> Iterator[Answer]:
        """Train for an epoch and answer how long it took."""
        history = self.model.fit(**self.data, epochs=1, callbacks=[self.clock], verbose=0)
        yield {"seconds": self.clock.seconds, "loss": history.history["loss"][-1]}

    def recipe(
        self, lines: list[str], held_out: list[str], folder: str, epochs: int, seed: int
    ) -> Iterator[Answer]:
        """Train as the tutorial does, with a checkpoint each epoch; then measure each of them.

        The measurement is not part of the recipe, so it follows the answer about training.
        """
        import keras

        keras.utils.set_random_seed(seed)
        characters = alphabet([*lines, *held_out])
        model, data = compiled(len(characters)), training_data(rows_of(lines, characters))
        stamps: list[float] = []
        stamp = keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: stamps.append(time.perf_counter())
        )
        pattern = str(Path(folder) / "epoch_{epoch}.weights.h5")
        keep = keras.callbacks.ModelCheckpoint(pattern, save_weights_only=True)
        model.fit(**data, epochs=epochs, callbacks=[keep, stamp], verbose=0)
        yield {"seconds_before_end": [stamps[-1] - at for at in stamps]}
        measured = build(len(characters), None, stateful=False)
        rows, nats = rows_of(held_out, characters), []
        for epoch in range(1, epochs + 1):
            measured.load_weights(pattern.format(epoch=epoch))
            nats.append(held_out_nats(measured, rows))
        yield {"nats": nats}

    def generate(self, characters: list[str], weights: str, count: int) -> Iterator[Answer]:
        """Load a checkpoint into a model for one name at a time, and generate ``count``."""
        model = build(len(characters), 1)
        model.load_weights(weights)
        starts = [c for c in characters if c.isupper()]
        names, seconds = [], []
        for i in range(count):
            start = time.perf_counter()
            names.append(generate_name(model, characters, starts[i % len(starts)]))
            seconds.append(time.perf_counter() - start)
        yield {"names": names, "seconds": seconds}


def generate_name(
    model: Any, characters: Sequence[str], start: str, temperature: float = 1.0
) -> str:
    """Generate a name that starts with ``start``, with one call of the model a character."""
    import tensorflow as tf

    for layer in model.layers:
        if hasattr(layer, "reset_states"):
            layer.reset_states()
    name, ids = start, tf.constant([[characters.index(c) for c in start]])
    while len(name) < ROW:
        logits = model(ids)[0] / temperature  # (T, V)
        drawn = tf.random.categorical(logits, num_samples=1)[-1, 0].numpy()
        if characters[drawn] == "\n":
            break
        name += characters[drawn]
        ids = tf.constant([[drawn]])
    return name


def main() -> None:
    # Frameworks may print to stdout; keep that apart from the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker()
    for line in sys.stdin:
        arguments = json.loads(line)
        for answer in getattr(worker, arguments.pop("command"))(**arguments):
            print(json.dumps(answer), file=answers, flush=True)
        print('{"done": true}', file=answers, flush=True)


if __name__ == "__main__":
    main()
