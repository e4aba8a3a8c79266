"""Claim: recurrent matrix products are faster feature-major, (H, B), than batch-major, (B, H).

One loop of T products in each direction, as XLA runs them inside a training step, at the sizes
of the tutorial's model and of the default recipe's for large and small lists; and the product
over T·B columns that gives the recurrent kernel's gradient.

    python benchmarks/layout.py
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from _common import Claim, describe_machine, parser, print_table, seconds

GATES, TIMES = 3, 22


def main() -> None:
    options = parser(__doc__, repeats=15).parse_args()
    claims = []
    for H, B in [(128, 32)] if options.quick else [(1024, 64), (512, 64), (256, 32)]:
        for name, pair in products(H, B).items():
            taken: tuple[list[float], list[float]] = ([], [])
            for _ in range(options.repeats + 1):
                for times, (function, *arguments) in zip(taken, pair, strict=True):
                    times.append(seconds(lambda f=function, a=arguments: f(*a).block_until_ready()))
            # The first call compiles.
            claims.append(Claim(what=f"H={H} {name}", ours=taken[0][1:], baseline=taken[1][1:]))
    print(describe_machine({"JAX": jax.__version__}))
    print(f"GRU, T={TIMES}, B=64 (32 for H=256); medians of {options.repeats}; baseline: (B, H)")
    print_table(claims)


def products(H: int, B: int) -> dict[str, tuple[tuple, tuple]]:
    """Return (ours, baseline) by name; each is a compiled function and its arguments."""
    rng = np.random.default_rng(0)
    U = rng.normal(0, 0.02, (H, GATES * H)).astype(np.float32)
    h = rng.normal(size=(H, B)).astype(np.float32)
    g = np.tile(h, (GATES, 1))
    rows = rng.normal(size=(H, TIMES * B)).astype(np.float32)
    grads = rng.normal(size=(GATES * H, TIMES * B)).astype(np.float32)

    def looped(step):
        return jax.jit(lambda a, W: lax.fori_loop(0, TIMES, lambda _, a: step(a, W), a))

    def of(function, *arrays):
        return (function, *(jnp.array(np.ascontiguousarray(array)) for array in arrays))

    # Results are scaled, and cut or repeated, so that each step depends on the one before.
    return {
        "forward": (
            of(looped(lambda h, UT: (UT @ h)[:H] * 0.1), h, U.T),
            of(looped(lambda h, U: (h @ U)[:, :H] * 0.1), h.T, U),
        ),
        "backward": (
            of(looped(lambda g, U: jnp.tile(U @ g, (GATES, 1)) * 0.1), g, U),
            of(looped(lambda g, UT: jnp.tile(g @ UT, (1, GATES)) * 0.1), g.T, U.T),
        ),
        "gradient of U": (
            of(jax.jit(lambda d, h: (d @ h.T).T), grads, rows),
            of(jax.jit(lambda h, d: h.T @ d), rows.T, grads.T),
        ),
    }


if __name__ == "__main__":
    main()
