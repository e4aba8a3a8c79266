"""L-BFGS finds minima that are known."""

from __future__ import annotations

import numpy as np
import pytest

from charloom.models.ngram.lbfgs import minimum


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_the_minimum_of_a_quadratic_is_found(scale):
    rng = np.random.default_rng(0)
    root = rng.normal(size=(12, 12))
    matrix, middle = root @ root.T + np.eye(12), rng.normal(size=12)

    def function(x):
        away = x - middle
        return scale * float(away @ matrix @ away), 2 * scale * matrix @ away

    np.testing.assert_allclose(minimum(function, np.zeros(12)), middle, atol=0.02)


def test_a_curved_valley_is_followed_to_its_lowest_point():
    def rosenbrock(x):
        a, b = 1 - x[0], x[1] - x[0] ** 2
        slopes = np.array([-2 * a - 400 * x[0] * b, 200 * b])
        return float(a**2 + 100 * b**2), slopes

    np.testing.assert_allclose(minimum(rosenbrock, np.array([-1.2, 1.0])), [1, 1], atol=1e-3)


def test_the_same_minimum_as_scipy_of_a_log_likelihood():
    from scipy.optimize import minimize

    rng = np.random.default_rng(1)
    table = rng.normal(size=(500, 4, 6))
    targets = rng.integers(0, 6, 500)

    def function(weights):
        logits = np.einsum("k,tkv->tv", weights, table)
        p = np.exp(logits)
        sums = p.sum(axis=1, keepdims=True)
        loss = np.log(sums).sum() - logits[np.arange(500), targets].sum()
        expected = np.einsum("tv,tkv->k", p / sums, table)
        return float(loss), expected - table[np.arange(500), :, targets].sum(axis=0)

    expected = minimize(function, np.zeros(4), jac=True, method="L-BFGS-B").x
    np.testing.assert_allclose(minimum(function, np.zeros(4)), expected, atol=1e-4)


def test_at_a_minimum_nothing_moves():
    start = np.array([2.0, 3.0])
    np.testing.assert_array_equal(minimum(lambda x: (0.0, np.zeros(2)), start), start)
