"""Medians and what is known of them."""
from math import comb
from statistics import median


def interval(values):
    """(median, low, high): the 95 % interval of the median by order statistics, which supposes nothing about how the
    values are distributed. With fewer than six values there is none: low and high are the extremes."""
    ordered = sorted(values)
    n, tail, rank = len(ordered), 0.0, 0
    while rank < n // 2:
        tail += comb(n, rank) / 2 ** n
        if tail > 0.025:
            break
        rank += 1
    low = max(rank - 1, 0)
    return median(ordered), ordered[low], ordered[n - 1 - low]
