"""The one-to-one choice with the greatest total, against trying every choice."""

from itertools import combinations, permutations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from earmark.voice.diarization.assignment import assign

TABLES = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4),
    elements=st.integers(-3, 9).map(float),
)


def best_total(values: np.ndarray, allowed: np.ndarray) -> float:
    """Over every set of rows and every order of columns for them."""
    rows, columns = values.shape
    best = 0.0
    for size in range(1, min(rows, columns) + 1):
        for chosen in combinations(range(rows), size):
            for order in permutations(range(columns), size):
                cells = list(zip(chosen, order, strict=True))
                if all(allowed[cell] for cell in cells):
                    best = max(best, float(sum(values[cell] for cell in cells)))
    return best


@settings(max_examples=300, deadline=None)
@given(TABLES, st.data())
def test_no_choice_has_a_greater_total(values: np.ndarray, data: st.DataObject) -> None:
    allowed = data.draw(arrays(np.bool_, values.shape))
    pairs = assign(values, allowed)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(allowed[pair] and values[pair] > 0.0 for pair in pairs)
    assert sum(values[pair] for pair in pairs) == best_total(values, allowed)


def test_fifty_by_forty_agrees_with_scipy() -> None:
    from scipy.optimize import linear_sum_assignment

    values = np.random.default_rng(1).uniform(0.0, 1.0, (50, 40))
    rows, columns = linear_sum_assignment(values, maximize=True)
    assert np.isclose(sum(values[pair] for pair in assign(values)), values[rows, columns].sum())


def test_nothing_to_choose_from() -> None:
    assert assign(np.zeros((0, 3))) == []
    assert assign(np.zeros((2, 2))) == []
