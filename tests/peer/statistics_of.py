"""The formulas of 3.6, and measured statistics, in NumPy: what those of a merge should be."""

import math
import re

import numpy as np

QUANTILES = {"q01": 0.01, "q10": 0.10, "q50": 0.50, "q90": 0.90, "q99": 0.99}


def is_quantile(stat: str) -> bool:
    return re.fullmatch(r"q\d+", stat) is not None


def numbers(value) -> np.ndarray:
    """A nested list of numbers (or of booleans, as in recordings from before June 2026) as
    float64."""
    return np.atleast_1d(np.array(value, dtype=np.float64))


def measured(rows: list) -> dict[str, np.ndarray]:
    """The statistics of rows (docs/statistics.md): of the finite numbers, a matrix reduced to its
    last dimension."""
    values = np.array(rows, dtype=np.float64)
    values = values.reshape(-1, values.shape[-1] if values.ndim > 1 else 1) + 0.0
    columns = [_measured_column(column[np.isfinite(column)]) for column in values.T]
    result = {stat: np.array([column[stat] for column in columns]) for stat in columns[0]}
    return {**result, "count": numbers([len(rows)])}


def _measured_column(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return dict.fromkeys(("min", "max", "mean", "std", *QUANTILES), np.nan)
    mean = math.fsum(values) / len(values)
    return {
        "min": values.min(),
        "max": values.max(),
        "mean": mean,
        "std": math.sqrt(math.fsum((values - mean) ** 2) / len(values)),
        **{stat: np.quantile(values, fraction) for stat, fraction in QUANTILES.items()},
    }


def is_measured(stat: str, found: np.ndarray, truth: dict[str, np.ndarray]) -> bool:
    """Whether `found` is that statistic of `truth`, to the bit where no sum is in it."""
    expected = truth[stat]
    if found.shape != expected.shape:
        return False
    if stat not in ("mean", "std"):
        return bool(np.array_equal(found, expected, equal_nan=True))
    scale = np.maximum(np.abs(truth["min"]), np.abs(truth["max"]))
    return bool(np.allclose(found, expected, rtol=1e-12, atol=1e-15 * np.nan_to_num(scale), equal_nan=True))


def aggregate(parts: list[dict], quantiles: str, frames: list[int] | None = None) -> dict[str, np.ndarray]:
    """One feature's statistics over several parts, which weigh as much as their `count`, or as they
    have `frames`. REQUIRES: `parts` is not empty."""
    parts = [{stat: numbers(value) for stat, value in part.items()} for part in parts]
    counts = np.stack([part["count"] for part in parts])
    means = np.stack([part["mean"] for part in parts])
    deviations = np.stack([part["std"] for part in parts])
    if frames is not None:
        weights = np.array(frames, dtype=np.float64)[:, None]
    else:
        weights = counts
    weights = weights.reshape(weights.shape[:1] + (1,) * (means.ndim - 1))
    total = weights.sum(axis=0)
    mean = (weights * means).sum(axis=0) / total
    result = {
        "min": np.min(np.stack([part["min"] for part in parts]), axis=0),
        "max": np.max(np.stack([part["max"] for part in parts]), axis=0),
        "mean": mean,
        "std": np.sqrt((weights * (deviations**2 + (means - mean) ** 2)).sum(axis=0) / total),
        "count": counts.sum(axis=0),
    }
    for stat in parts[0]:
        if is_quantile(stat) and all(stat in part for part in parts):
            values = np.stack([part[stat] for part in parts])
            if quantiles == "weighted":
                result[stat] = (values * weights).sum(axis=0) / total
            else:
                result[stat] = values.min(axis=0) if int(stat[1:]) <= 50 else values.max(axis=0)
    return result


def bookkeeping_problem(stat: str, found: np.ndarray, values: np.ndarray) -> str | None:
    """Why `found` is not the statistic `stat` of the whole numbers `values`, or None if it is.

    There are many definitions of quantiles, of which the recorder's histogram is one. Any value
    between the neighbours of the rank is accepted.
    """
    if is_quantile(stat):
        ordered = np.sort(values)
        rank = QUANTILES.get(stat, int(stat[1:]) / 100) * (len(ordered) - 1)
        low = ordered[max(int(np.floor(rank)) - 1, 0)]
        high = ordered[min(int(np.ceil(rank)) + 1, len(ordered) - 1)]
        inside = found.size == 1 and low - 1e-6 <= found.flat[0] <= high + 1e-6
        return None if inside else f"{found.tolist()} is not between {low} and {high}"
    truth = {"min": np.min, "max": np.max, "mean": np.mean, "std": np.std, "count": len}
    if stat not in truth:
        return None
    expected = float(truth[stat](values))
    close = found.size == 1 and abs(found.flat[0] - expected) <= 1e-6 * max(1.0, abs(expected))
    return None if close else f"{found.tolist()} instead of {expected}"
