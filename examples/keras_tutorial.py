"""The tutorial's own route through Keras, line by line, on TensorFlow, JAX or PyTorch.

    KERAS_BACKEND=tensorflow python examples/keras_tutorial.py

The names come from the file in CHARLOOM_NAMES, or dinos.txt, or else from charloom's own list.
With CHARLOOM_NOTEBOOK=quick the model is small. `notebooks/tutorial.ipynb` has the same cells.
"""

# %% [markdown]
# # The tutorial's own route, line by line
#
# This part does what the tutorial does, in its order, with Keras 3. Only `build_model` comes from
# charloom: it returns an ordinary `keras.Model`. On TensorFlow (`KERAS_BACKEND=tensorflow`) the
# lines are the tutorial's; on JAX and PyTorch the data pipeline and the training step differ. The
# outputs of this part are from TensorFlow, those of the other parts from JAX.
# [docs/tutorial.md](../docs/tutorial.md) lists each line with what has changed in Keras since.

# %%
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from charloom import ModelConfig, NameCorpus, build_model
from charloom.training.engines.steps import step_for

QUICK = os.environ.get("CHARLOOM_NOTEBOOK") == "quick"
EMBEDDING, UNITS = (16, 64) if QUICK else (256, 1024)
EPOCHS, UNPACKED_EPOCHS = (3, 5) if QUICK else (20, 10)
BATCH_SIZE, BUFFER_SIZE = 64, 10_000
backend = keras.backend.backend()
keras.utils.set_random_seed(0)
print(f"Keras {keras.version()} on {backend}")

# %% [markdown]
# ## Read and explore

# %%
file = Path(os.environ.get("CHARLOOM_NAMES", "dinos.txt"))
if file.exists():
    text = file.read_text("utf-8")
else:
    text = "\n".join(NameCorpus.builtin(repeats=True).names)
names = text.splitlines()
vocab = sorted(set(text))
longest = max(len(name) for name in names)
print(f"{len(text):,} characters, {len(vocab)} of them unique, in {len(names):,} names")
print(f"the longest name has {longest} characters")
print(repr(text[:60]))

# %% [markdown]
# ## Pad and map
#
# Newlines pad each name to one more than the longest, and each character gets the id of its place
# in sorted order, so that the newline is 0.

# %%
length = longest + 1
padded = "".join(name.ljust(length, "\n") for name in names)
char2idx = {character: i for i, character in enumerate(vocab)}
idx2char = np.array(vocab)
ids = np.array([char2idx[character] for character in padded], np.int32)
print(repr(padded[:length]), "->", ids[:length])

# %% [markdown]
# ## Batches
#
# Each name is cut into an input, all but its last character, and a target, all but its first. With
# `tf.data` that is a `map`. PyTorch has a data loader for this, and Keras a `PyDataset`, which
# works on arrays and on every backend.


# %%
def split_input_target(chunk):
    return chunk[:-1], chunk[1:]


class ArrayBatches(keras.utils.PyDataset):
    """Full batches of rows, shuffled before each epoch."""

    def __init__(self, rows):
        super().__init__()
        self.rows = np.random.permutation(rows)

    def __len__(self):
        return len(self.rows) // BATCH_SIZE

    def __getitem__(self, index):
        rows = self.rows[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return rows[:, :-1], rows[:, 1:]

    def __iter__(self):
        yield from (self[index] for index in range(len(self)))
        self.on_epoch_end()

    def on_epoch_end(self):
        self.rows = np.random.permutation(self.rows)


if backend == "tensorflow":
    import tensorflow as tf

    sequences = tf.data.Dataset.from_tensor_slices(ids).batch(length, drop_remainder=True)
    dataset = sequences.map(split_input_target)
    dataset = dataset.shuffle(BUFFER_SIZE).batch(BATCH_SIZE, drop_remainder=True)
    print(dataset.element_spec)
elif backend == "torch":
    import torch

    pairs = [split_input_target(row) for row in ids.reshape(-1, length)]
    dataset = torch.utils.data.DataLoader(pairs, BATCH_SIZE, shuffle=True, drop_last=True)
else:
    dataset = ArrayBatches(ids.reshape(-1, length))

inputs, targets = next(iter(dataset))
print("inputs", tuple(inputs.shape), "targets", tuple(targets.shape))

# %% [markdown]
# ## Build the model
#
# Embedding, stateful GRU, dense layer. The state is not among the weights, so it is not counted.

# %%
config = ModelConfig(cell="gru", embedding=EMBEDDING, units=UNITS, layers=1, dropout=0.0)
model = build_model(config, len(vocab), batch_size=BATCH_SIZE, stateful=True)
model.summary(line_length=72)

# %% [markdown]
# ## Try the untrained model
#
# All characters should be about equally likely, which is a loss of ln V: 3.97 for 53 characters.

# %%
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
logits = model(inputs)
value = keras.ops.convert_to_numpy(loss(targets, logits))
print("logits", tuple(logits.shape), f"loss {value:.3f}")
sampled = keras.ops.convert_to_numpy(keras.random.categorical(logits[0], num_samples=1))[:, 0]
print("input  ", repr("".join(idx2char[keras.ops.convert_to_numpy(inputs[0])])))
print("sampled", repr("".join(idx2char[sampled])))

# %% [markdown]
# ## Train with `fit`, with a checkpoint each epoch

# %%
folder = Path(tempfile.mkdtemp())
model.compile(optimizer="adam", loss=loss)
checkpoints = keras.callbacks.ModelCheckpoint(
    folder / "ckpt_{epoch}.weights.h5", save_weights_only=True
)
# The dataset shuffles; `fit` need not.
history = model.fit(dataset, epochs=EPOCHS, callbacks=[checkpoints], shuffle=False, verbose=2)

# %% [markdown]
# ## The same weights at batch size 1

# %%
latest = max(folder.glob("ckpt_*.weights.h5"), key=lambda file: file.stat().st_mtime_ns)
one = build_model(config, len(vocab), batch_size=1, stateful=True)
one.load_weights(latest)
print("loaded", latest.name)
one.summary(line_length=72)

# %% [markdown]
# ## Generate names
#
# The model reads the start, then its own characters, one at a time; between the calls it keeps its
# state. A newline ends a name.


# %%
def reset_states(model):
    for layer in model.layers:
        if isinstance(layer, keras.layers.RNN):
            layer.reset_state()


def generate_name(model, start, temperature, most=40):
    reset_states(model)
    reads, name = [char2idx[character] for character in start], start
    while len(name) < most:
        logits = model(np.array([reads], np.int32))[:, -1] / temperature  # (1, V)
        drawn = int(keras.random.categorical(logits, num_samples=1)[0, 0])
        if idx2char[drawn] == "\n":
            break
        name += idx2char[drawn]
        reads = [drawn]
    return name


print(*(generate_name(one, "Ram", temperature=0.2) for _ in range(5)), sep="\n")

# %% [markdown]
# ## The training loop unpacked
#
# On TensorFlow the step is the tutorial's: a `GradientTape` within a `tf.function`. On JAX and
# PyTorch it is the unpacked step of `charloom.training.engines.steps`. The state is reset before
# each epoch, and the weights are saved after every fifth.

# %%
model = build_model(config, len(vocab), batch_size=BATCH_SIZE, stateful=True)
optimizer = keras.optimizers.Adam()
optimizer.build(model.trainable_variables)

if backend == "tensorflow":

    @tf.function
    def train_step(inputs, targets):
        with tf.GradientTape() as tape:
            value = loss(targets, model(inputs, training=True))
        gradients = tape.gradient(value, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return value
else:
    unpacked_step = step_for(backend)(model, optimizer, loss)

    def train_step(inputs, targets):
        return unpacked_step(inputs, targets, None)


for epoch in range(1, UNPACKED_EPOCHS + 1):
    began = time.perf_counter()
    reset_states(model)
    losses = [float(train_step(inputs, targets)) for inputs, targets in dataset]
    print(f"Epoch {epoch} Loss {np.mean(losses):.4f}, {time.perf_counter() - began:.0f} s")
    if epoch % 5 == 0:
        model.save_weights(folder / f"unpacked_{epoch}.weights.h5")
print("saved:", *sorted(file.name for file in folder.glob("unpacked_*")))
