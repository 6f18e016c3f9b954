"""A table of values to the one-to-one choice of cells with the greatest total: speakers to names."""

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def assign(values: Doubles, allowed: NDArray[np.bool_] | None = None) -> list[tuple[int, int]]:
    """Pairs (row, column), each row and column at most once, with the greatest total of `values` (R, C).

    A pair is made only where it adds to the total: none of 0 or less, and none that is not `allowed`.
    Rows and columns number tens here, which takes milliseconds; SciPy, 143 MB, is not in the running product.
    Source: the shortest augmenting paths of Jonker and Volgenant (1987), as a minimum over costs.
    """
    gains = np.where(values > 0.0, values, 0.0)
    if allowed is not None:
        gains = np.where(allowed, gains, 0.0)
    if not gains.size:
        return []
    turned = gains.shape[0] > gains.shape[1]
    table = gains.T if turned else gains
    chosen = _least_cost(-table)
    pairs = [(row, column) for row, column in enumerate(chosen) if table[row, column] > 0.0]
    return sorted((column, row) if turned else (row, column) for row, column in pairs)


def _least_cost(cost: Doubles) -> list[int]:
    """Column of each row at the least total cost; (rows, columns) with rows <= columns, all rows placed."""
    rows, columns = cost.shape
    row_price, column_price = np.zeros(rows + 1), np.zeros(columns + 1)
    holder = np.zeros(columns + 1, np.int64)  # the row, from 1, that holds a column; 0 for none
    for row in range(1, rows + 1):
        holder[0], current = row, 0
        distance = np.full(columns + 1, np.inf)
        came_from = np.zeros(columns + 1, np.int64)
        done = np.zeros(columns + 1, bool)
        while holder[current]:
            done[current] = True
            place = holder[current]
            reduced = cost[place - 1] - row_price[place] - column_price[1:]
            closer = ~done[1:] & (reduced < distance[1:])
            distance[1:][closer] = reduced[closer]
            came_from[1:][closer] = current
            nearest = 1 + int(np.argmin(np.where(done[1:], np.inf, distance[1:])))
            step = distance[nearest]
            row_price[holder[done]] += step
            column_price[done] -= step
            distance[~done] -= step
            current = nearest
        while current:
            holder[current], current = holder[came_from[current]], came_from[current]
    chosen = [0] * rows
    for column in range(1, columns + 1):
        if holder[column]:
            chosen[holder[column] - 1] = column - 1
    return chosen
