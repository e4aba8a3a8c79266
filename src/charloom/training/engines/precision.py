"""The number format of matrix products: what the processor is fast at."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from ...config import ModelConfig, Precision
from ...errors import ConfigError

LEAST_UNITS = 384
"""Hidden size from which on products take most of a step. Below, a step in bfloat16 takes 0.8 to
0.9 of the time, and small networks are for short lists, which are trained in seconds."""

FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
"""What Linux calls the instructions for products in bfloat16: Intel's matrix units (AMX), and the
vector instructions of AVX-512 on Intel's and AMD's processors."""

CPUINFO = Path("/proc/cpuinfo")
"""Where Linux tells what the processor can do."""


def settled(
    asked: Precision, model: ModelConfig, *, on_jax: bool = True
) -> Literal["float32", "bfloat16"]:
    """Return the precision of a network's products.

    Args:
        asked: ``TrainConfig.precision``.
        model: the network.
        on_jax: whether our own step trains it, on JAX.

    Raises:
        ConfigError: bfloat16 is asked for where another step trains.
    """
    if asked == "bfloat16" and not on_jax:
        raise ConfigError(
            "precision bfloat16 needs training on JAX, with its own loop. Received: another "
            "backend or an unpacked loop. Leave the precision out, or unset KERAS_BACKEND."
        )
    if asked == "auto" and on_jax and model.units >= LEAST_UNITS and has_fast_bfloat16():
        return "bfloat16"
    return "float32" if asked == "auto" else asked


@cache
def has_fast_bfloat16() -> bool:
    """Return whether the processor has instructions for products in bfloat16 (only on Linux)."""
    try:
        with CPUINFO.open(encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return False
    return not FLAGS.isdisjoint(flags.split())
