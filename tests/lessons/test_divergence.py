"""Rows in random order, without any loss: descents whose end is known from how they were made are the oracle."""

import random

import pytest

from gradline.lessons.checker.divergence import bounces

STEPS, KEPT = 300, 64  # the checker keeps that many of a line, and the end


def descended(chance, points, rate, *, w, noise):
    """The first values of w in y = 3x + noise, a random row each step, and the last one."""
    path = []
    for _ in range(STEPS):
        x = chance.choice(points)
        w -= rate * 2 * x * (w * x - 3 * x - chance.gauss(0, noise))
        path.append(((w,), rate))
    return path[:KEPT], w


def limit_of_a_pass(points):
    return 2 / (2 * sum(x * x for x in points) / len(points))


def test_four_times_the_limit_of_a_pass_is_seen_in_nine_of_ten_tables():
    """In 64 steps; where it is not seen, they by chance met the small rows."""
    chance = random.Random(0)
    seen = 0
    for _ in range(100):
        points = [chance.gauss(0, 1) for _ in range(20)]
        seen += bounces(*descended(chance, points, 4 * limit_of_a_pass(points), w=0.0, noise=0.1))
    assert seen >= 90


@pytest.mark.parametrize("start", [0.0, 1e-9, 1e-3, 100.0])
def test_no_descent_that_settles_is_taken_for_one_that_bounces(start):
    """Each row's own factor, 1 - 2 rate x^2, is above -1: but for the noise no step leads further out."""
    chance = random.Random(1)
    for _ in range(150):
        points = [chance.gauss(0, 10 ** chance.uniform(-2, 2)) for _ in range(20)]
        rate = chance.uniform(0.01, 0.99) / max(x * x for x in points)
        noise = 10 ** chance.uniform(-3, 3)
        assert not bounces(*descended(chance, points, rate, w=start * chance.gauss(0, 1), noise=noise))
