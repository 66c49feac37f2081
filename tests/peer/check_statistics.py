"""Checks meta/stats.json: measured from the result itself, or the formula of 3.6 over the sources,
and the bookkeeping columns from the result (W-4)."""

import numpy as np

from dataset_view import BOOKKEEPING, DatasetView
from findings import Findings, MergeOptions, Pairing
from statistics_of import aggregate, bookkeeping_problem, is_measured, is_quantile, measured, numbers

RELATIVE_TOLERANCE = 1e-12


def statistics_of_source(view: DatasetView) -> dict[str, dict]:
    """The entries of stats.json that can be of this data, else the aggregation of the episodes'
    statistics that can be of their rows (W-6), else the statistics of the rows (1.10)."""
    frames = sum(row["length"] for row in view.episodes)
    result = {
        feature: entry
        for feature, entry in (view.stats or {}).items()
        if feature in view.features and _can_be_of(view.features[feature], entry, frames)
    }
    for feature, entry in _statistics_of_episodes(view).items():
        result.setdefault(feature, entry)
    for feature in view.features:
        if feature not in result and feature not in BOOKKEEPING and view.is_numeric(feature):
            result[feature] = _measured(view, feature)
    return result


def _can_be_of(feature: dict, entry: dict, frames: int) -> bool:
    if feature["dtype"] in ("image", "video") or len(feature["shape"]) > 1:
        return "count" in entry
    return entry.get("count") == [frames]


def _measured(view: DatasetView, feature: str) -> dict:
    return measured([value for file in view.data_files for value in file.table.column(feature).to_pylist()])


def _statistics_of_episodes(view: DatasetView, by_frames: bool = False) -> dict[str, dict]:
    result: dict[str, dict] = {}
    columns = sorted(name for name in view.episode_columns if name.startswith("stats/"))
    for feature in dict.fromkeys(name.removeprefix("stats/").rsplit("/", 1)[0] for name in columns):
        parts = [
            {
                name.rsplit("/", 1)[1]: row[name]
                for name in columns
                if name.removeprefix("stats/").rsplit("/", 1)[0] == feature and row.get(name) is not None
            }
            for row in view.episodes
        ]
        lengths = [row["length"] for row in view.episodes]
        if feature in view.features and all(
            _can_be_of(view.features[feature], part, length) for part, length in zip(parts, lengths)
        ):
            result[feature] = aggregate(parts, "envelope", lengths if by_frames else None)
    return result


def check_dataset_statistics(
    merged: DatasetView,
    sources: list[DatasetView],
    pairing: Pairing,
    options: MergeOptions,
    findings: Findings,
) -> None:
    described = [statistics_of_source(view) for view in sources if view.episodes]
    frames = [sum(row["length"] for row in view.episodes) for view in sources if view.episodes]
    folded = _statistics_of_episodes(merged, by_frames=True) if merged.is_measured else {}
    features = {
        feature
        for stats in described
        for feature in stats
        if feature in BOOKKEEPING or all(feature in others for others in described)
    }
    if not findings.expect(merged.stats is not None or not features, "W-6: meta/stats.json is missing"):
        return
    found_stats = merged.stats or {}
    lost, extra = features - set(found_stats), set(found_stats) - features
    findings.expect(not lost, f"3.6: stats.json has lost {sorted(lost)}")
    findings.expect(extra <= set(BOOKKEEPING), f"3.6: stats.json describes {sorted(extra)}, no source does")
    for feature in sorted(features & set(found_stats)):
        parts = [stats[feature] for stats in described if feature in stats]
        if merged.is_measured and merged.is_numeric(feature):
            _check_measured(feature, found_stats[feature], _measured(merged, feature), findings)
        elif merged.is_measured:
            expected = folded.get(feature) or aggregate(parts, "envelope", frames)
            _check_formula(feature, found_stats[feature], expected, findings)
        elif feature in BOOKKEEPING:
            _check_bookkeeping(feature, found_stats[feature], parts, merged, findings)
        else:
            _check_formula(feature, found_stats[feature], aggregate(parts, options.quantiles), findings)


def _check_measured(feature: str, found: dict, truth: dict, findings: Findings) -> None:
    findings.expect(set(found) == set(truth), f"3.6: stats.json has {sorted(found)} for {feature}")
    for stat in set(found) & set(truth):
        findings.expect(
            is_measured(stat, numbers(found[stat]), truth),
            f"3.6: stats.json has {feature}.{stat} = {found[stat]}, not {truth[stat].tolist()} of the rows",
        )


def _check_formula(feature: str, found: dict, expected: dict, findings: Findings) -> None:
    findings.expect(
        set(found) == set(expected),
        f"3.6: stats.json has {sorted(found)} for {feature}, not {sorted(expected)}",
    )
    for stat, value in expected.items():
        if stat in found:
            values = numbers(found[stat])
            same = values.shape == value.shape and np.allclose(
                values, value, rtol=RELATIVE_TOLERANCE, atol=1e-15, equal_nan=True
            )
            findings.expect(
                same, f"3.6: stats.json has {feature}.{stat} = {values.tolist()}, not {value.tolist()}"
            )


def _check_bookkeeping(
    feature: str, found: dict, parts: list[dict], merged: DatasetView, findings: Findings
) -> None:
    everywhere = set.intersection(*(set(part) for part in parts))
    missing = {stat for stat in everywhere if not is_quantile(stat)} - set(found)
    findings.expect(not missing, f"W-4: stats.json has no {sorted(missing)} for {feature}")
    values = np.array(
        [value for file in merged.data_files for value in file.table.column(feature).to_pylist()],
        dtype=np.float64,
    )
    for stat, value in found.items():
        problem = bookkeeping_problem(stat, numbers(value), values)
        findings.expect(problem is None, f"W-4: stats.json, {feature}.{stat}: {problem}")
