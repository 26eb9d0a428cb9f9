import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from plurel_prob.rfm.rows.network import calibration, places, smoothers, solve, spread
from plurel_prob.rfm.rows.network.experts import _own_distance
from plurel_prob.rfm.rows.network.places import N_BIN
from plurel_prob.rfm.rows.network.smoothers import BANDWIDTHS, SHRINKAGE

# compiled as a whole: one by one, each of their operations would be a program
grid_of, places_of, bins_of = jax.jit(places.grid_of), jax.jit(places.places_of), jax.jit(smoothers.bins_of)
smoothers_of, smooth, reliability_of = map(jax.jit, (smoothers.smoothers_of, smoothers.smooth, smoothers.reliability_of))
kernel_ridge, ridge = (jax.jit(fit, static_argnums=3) for fit in (solve.kernel_ridge, solve.ridge))
inverse, logit_line = jax.jit(solve.inverse), jax.jit(calibration.logit_line)
spread_of, residual_quantiles = jax.jit(spread.spread_of), jax.jit(spread.residual_quantiles)


@pytest.fixture(scope="module")
def context():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 3)).astype(np.float32)
    x[:, 1] = np.round(x[:, 1])
    x[rng.random(x.shape) < 0.2] = np.nan
    y = rng.normal(size=30).astype(np.float32)
    weight = (np.arange(30) < 25).astype(np.float32)
    y = np.where(weight > 0, y - y[:25].mean(), 0).astype(np.float32)
    return x, y, weight


def test_ranks_are_those_of_the_context(context):
    x, _, weight = context
    found = places_of(grid_of(x, weight > 0), x)
    rank = np.asarray(found.rank)
    for f in range(3):
        known = x[:25, f][~np.isnan(x[:25, f])]
        for r in range(30):
            exact = 0.5 if np.isnan(x[r, f]) else (np.mean(known < x[r, f]) + np.mean(known <= x[r, f])) / 2
            assert abs(rank[r, f] - exact) <= 1.5 / min(N_BIN, len(known))
    np.testing.assert_array_equal(found.missing, np.isnan(x))
    assert np.isfinite(found.z).all()


def test_smoothers_leave_their_own_label_out(context):
    x, y, weight = context
    at = places_of(grid_of(x, weight > 0), x)
    bins, left_out = np.asarray(bins_of(at)), np.asarray(smooth(smoothers_of(at, y, weight), at, weight, y))
    for h, bandwidth in enumerate(BANDWIDTHS):
        for f in range(3):
            for r in range(30):
                total, count = 0.0, 0.0
                for other in range(25):
                    a, b = bins[r, f], bins[other, f]
                    both_missing = a == N_BIN and b == N_BIN
                    near = np.exp(-0.5 * ((a - b) / N_BIN / bandwidth) ** 2) if max(a, b) < N_BIN else float(both_missing)
                    if other != r:
                        total, count = total + near * y[other], count + near
                assert left_out[h, r, f] == pytest.approx(total / (count + SHRINKAGE), abs=1e-4)


def test_a_feature_is_reliable_if_it_says_the_label():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3)).astype(np.float32)
    y = np.sin(2 * x[:, 0]) + 0.3 * x[:, 1]
    y, weight = y - y.mean(), np.ones(400, np.float32)
    at = places_of(grid_of(x, weight > 0), x)
    found = reliability_of(smooth(smoothers_of(at, y, weight), at, weight, y), y, weight)
    assert found[0] > 0.7 > 0.3 > found[1] > 0.05 > 0.02 > found[2]


def test_ridges_leave_rows_out_as_fits_without_them_do(context):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(25, 70)), rng.normal(size=(25, 2))
    kernel, weight = x @ x.T / 70 + 1, jnp.ones(25)
    dual, left_out = kernel_ridge(jnp.asarray(kernel), jnp.asarray(y), weight, (0.5,))
    thin = x[:, :5]
    coefficient, left_out_line = ridge(jnp.asarray(thin), jnp.asarray(y), weight, (0.5,))
    np.testing.assert_allclose(dual, np.linalg.solve(kernel + 0.5 * np.eye(25), y), atol=1e-4)
    np.testing.assert_allclose(coefficient, np.linalg.solve(thin.T @ thin + 0.5 * np.eye(5), thin.T @ y), atol=1e-4)
    for i in range(25):
        rest = np.arange(25) != i
        expected = kernel[i, rest] @ np.linalg.solve(kernel[rest][:, rest] + 0.5 * np.eye(24), y[rest])
        np.testing.assert_allclose(left_out[i], expected, atol=1e-3)
        expected = thin[i] @ np.linalg.solve(thin[rest].T @ thin[rest] + 0.5 * np.eye(5), thin[rest].T @ y[rest])
        np.testing.assert_allclose(left_out_line[i], expected, atol=1e-3)


def test_the_penalty_is_the_one_of_least_error(context):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 66))  # more than a block of the inverse
    weight = jnp.asarray(np.arange(60) < 50, jnp.float32)
    y = jnp.asarray(x[:, :1] * 2 + rng.normal(size=(60, 1)), jnp.float32) * weight[:, None]
    kernel, each = jnp.asarray(x @ x.T, jnp.float32) * weight[:, None] * weight, (1e-2, 30.0, 1e5)
    errors = [float(((y - kernel_ridge(kernel, y, weight, (p,))[1]) ** 2).sum()) for p in each]
    best = int(np.argmin(errors))
    chosen, alone = (kernel_ridge(kernel, y, weight, penalties)[0] for penalties in (each, each[best : best + 1]))
    np.testing.assert_allclose(chosen, alone, rtol=1e-5)


def test_inverses_have_their_gradient():
    rng = np.random.default_rng(6)
    x, along = rng.normal(size=(70, 90)), jnp.asarray(rng.normal(size=(70, 70)), jnp.float32)
    positive = jnp.asarray(x @ x.T / 90 + np.eye(70), jnp.float32)
    np.testing.assert_allclose(inverse(positive), np.linalg.inv(positive), atol=1e-5)
    known = lax.stop_gradient(inverse(positive))
    found, plain = (
        jax.jit(jax.grad(lambda a, f=f: (f(a) * along).sum()))(positive)
        for f in (lambda a: solve.as_inverse(a, known), jnp.linalg.inv)
    )
    np.testing.assert_allclose(found, plain, atol=1e-4)


def test_distances_of_rows_from_each_other_have_their_gradient():
    rng = np.random.default_rng(8)
    a, along = (jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in ((9, 5), (9, 9)))
    plain = lambda a: ((a[:, None] - a) ** 2).sum(-1)  # noqa: E731
    np.testing.assert_allclose(jax.jit(_own_distance)(a), plain(np.asarray(a)), atol=1e-5)
    found, expected = (jax.jit(jax.grad(lambda a, f=f: (f(a) * along).sum()))(a) for f in (_own_distance, plain))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_fit_has_the_gradient_of_the_penalty_that_is_chosen(context):
    rng = np.random.default_rng(7)
    x, y = jnp.asarray(rng.normal(size=(40, 4)), jnp.float32), jnp.asarray(rng.normal(size=(40, 1)), jnp.float32)
    weight, each = jnp.ones(40), (0.1, 3.0, 100.0)
    best = min(each, key=lambda p: float(((y - kernel_ridge(x @ x.T, y, weight, (p,))[1]) ** 2).sum()))

    def told(x, penalty):
        kernel = x @ x.T + penalty * jnp.eye(40)
        dual = jnp.linalg.solve(kernel, y)
        return (y - dual / jnp.diag(jnp.linalg.inv(kernel))[:, None]).sum() + dual.sum() ** 2

    def ours(x):
        dual, left_out = kernel_ridge(x @ x.T, y, weight, each)
        return left_out.sum() + dual.sum() ** 2

    np.testing.assert_allclose(jax.jit(jax.grad(ours))(x), jax.jit(jax.grad(told))(x, best), atol=2e-3)


def test_lines_of_logits_have_the_gradient_of_what_they_converge_to():
    rng = np.random.default_rng(8)
    prediction = rng.normal(size=200).astype(np.float32)
    is_true = (rng.random(200) < 1 / (1 + np.exp(-2 * prediction))).astype(np.float32)
    along, weights, weight = rng.normal(size=200).astype(np.float32), np.array([1.0, 2.0], np.float32), np.ones(200, np.float32)
    gradient = jax.jit(jax.grad(lambda p: logit_line(p, is_true, weight) @ weights))(prediction)
    up, down = (np.asarray(logit_line(prediction + e * along, is_true, weight)) @ weights for e in np.float32([1e-2, -1e-2]))
    assert float(np.asarray(gradient) @ along) == pytest.approx(float(up - down) / 2e-2, rel=0.02)


def test_logits_are_calibrated():
    rng = np.random.default_rng(4)
    prediction = rng.normal(size=4000).astype(np.float32)
    is_true = rng.random(4000) < 1 / (1 + np.exp(-(-1 + 1.5 * prediction)))
    line = logit_line(jnp.asarray(prediction), jnp.asarray(is_true, jnp.float32), jnp.ones(4000))
    np.testing.assert_allclose(line, [-1, 1.5], atol=0.25)  # five standard errors
    apart = logit_line(jnp.asarray(prediction), jnp.asarray(prediction > 0, jnp.float32), jnp.ones(4000))
    assert np.isfinite(apart).all() and apart[1] > 3


def test_residuals_are_wider_where_predictions_are():
    rng = np.random.default_rng(5)
    prediction = rng.random(2000).astype(np.float32)
    y = prediction + (0.1 + prediction) * rng.normal(size=2000)
    around = spread_of(prediction, y.astype(np.float32), np.ones(2000, np.float32))
    quantiles = np.asarray(residual_quantiles(around, np.array([0.1, 0.9], np.float32)))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    np.testing.assert_allclose(quantiles[:, 15] - quantiles[:, 3], 1.683 * np.array([0.2, 1.0]), rtol=0.25)  # 20 % to 80 %


def test_quantiles_of_residuals_hold_what_they_say_of_the_next_one():
    """Of 39 residuals the k-th twentieth is the 2 k-th: the next is below it with chance k / 20 (fails once in 10,000)."""
    rng, n, n_sample = np.random.default_rng(0), 39, 4000
    y = rng.normal(size=(n_sample, n + 6)).astype(np.float32)  # the last five are padding
    weight = jnp.asarray(np.arange(n + 5) < n, jnp.float32)
    of_each = jax.jit(jax.vmap(lambda y: spread_of(jnp.zeros(n + 5), y * weight, weight).residual[0]))
    quantiles = of_each(y[:, :-1])
    share = (y[:, -1:] < np.asarray(quantiles)).mean(0)
    level = np.arange(1, 20) / 20
    assert (np.abs(share - level) < 4.6 * np.sqrt(level * (1 - level) / n_sample)).all()
    np.testing.assert_allclose(np.sort(y[0, :n])[1::2], quantiles[0], atol=1e-5)
