"""bench/model_distributed.py on costs that can be computed by hand, and its table in docs/."""

import json
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "bench"))

from model_distributed import (  # noqa: E402
    COSTS,
    PAGE,
    Cluster,
    Costs,
    Line,
    Workload,
    fit,
    levels,
    median_ends,
    one_plan,
    section,
    tree_of_pairs,
    update_page,
    write_lines,
)

GIGABYTE = 1e9
FREE = Line(0, 0)


def costs(**changes) -> Costs:
    """Costs of 0 for everything, except that moving 1 GB takes 1 s."""
    plain = dict(describe_cpu_seconds=FREE, plan_seconds=FREE, publish_seconds_per_file=0, launch_seconds=0)
    plain |= dict(write_seconds={count: Line(0, 1 / GIGABYTE) for count in range(1, 9)}, cores_per_node=1)
    return Costs(**(plain | changes))


def test_one_plan_moves_every_byte_once():
    estimate = one_plan(costs(), Workload(4, 8 * GIGABYTE, 10), Cluster(2))
    assert estimate.moved_bytes == 16 * GIGABYTE  # read and written
    assert estimate.critical_path_seconds == pytest.approx(4)


def test_the_tree_moves_every_byte_once_for_each_level_and_ends_on_one_machine():
    estimate = tree_of_pairs(costs(), Workload(4, 8 * GIGABYTE, 10), Cluster(2))
    assert estimate.moved_bytes == 32 * GIGABYTE
    assert estimate.seconds == pytest.approx({"level 1": 4, "level 2": 8})


def test_a_dataset_without_a_neighbour_moves_up_as_it_is():
    assert list(levels(5)) == [(5, 2), (3, 1), (2, 1)]
    estimate = tree_of_pairs(costs(), Workload(3, 6 * GIGABYTE, 10), Cluster(8))
    assert estimate.seconds == pytest.approx({"level 1": 4, "level 2": 6})
    assert estimate.moved_bytes == 20 * GIGABYTE


@pytest.mark.parametrize(("num_datasets", "expected"), [(1, 0), (2, 1), (1000, 10), (1024, 10), (50_000, 16)])
def test_levels_of_a_tree(num_datasets, expected):
    assert len(list(levels(num_datasets))) == expected


def test_more_merges_than_machines_take_turns():
    estimate = tree_of_pairs(costs(), Workload(6, 6 * GIGABYTE, 10), Cluster(2))
    assert estimate.seconds["level 1"] == pytest.approx(4)  # three merges of 2 GB on two machines


def test_every_part_is_counted():
    dear = costs(
        describe_cpu_seconds=Line(100, 10),
        plan_seconds=Line(1, 2),
        write_seconds={8: Line(3, 1 / GIGABYTE)},
        publish_seconds_per_file=0.5,
        launch_seconds=7,
        cores_per_node=3,
    )
    estimate = one_plan(dear, Workload(8, 80 * GIGABYTE, 20), Cluster(20))
    assert estimate.seconds == pytest.approx(
        {"describe": 7 + 180 / 48, "plan": 7 + 17, "write": 7 + 4 * (3 + 1), "publish": 7 + 10}
    )
    tree = tree_of_pairs(dear, Workload(2, 80 * GIGABYTE, 20), Cluster(20))
    assert tree.seconds == pytest.approx({"level 1": 7 + 120 / 3 + 5 + 80})


def test_a_file_system_can_be_the_bottleneck():
    bound = Cluster(100, 2 * GIGABYTE)
    assert one_plan(costs(), Workload(8, 8 * GIGABYTE, 1), bound).seconds["write"] == pytest.approx(8)
    assert tree_of_pairs(costs(), Workload(8, 8 * GIGABYTE, 1), bound).critical_path_seconds == pytest.approx(24)


def test_fit():
    assert fit([(1, 12), (3, 16)]) == Line(10, 2)
    assert fit([(1, 2), (2, 4), (3, 9)]).fixed == 0  # not below
    assert fit([(5, 3), (7, 1)]).slope == 0


def test_medians_of_small_and_large_runs():
    rows = [(10, 4), (11, 3), (9, 9), (100, 30), (99, 31), (101, 90)]
    assert median_ends([{"bytes": size, "seconds": seconds} for size, seconds in rows]) == ((10, 4), (99, 31))


def test_one_bandwidth_for_all_plans():
    def case(count: int, *runs: tuple[int, int]) -> dict:
        return {"num_datasets": count, "write": [{"bytes": size, "seconds": seconds} for size, seconds in runs]}

    lines = write_lines([case(1, (10, 6), (20, 14)), case(2, (10, 12), (20, 24))])
    assert lines == {1: Line(0, 1), 2: Line(2, 1)}


def test_the_table_in_docs_is_that_of_its_costs():
    page = PAGE.read_text()
    assert update_page(page, section(json.loads(COSTS.read_text()), Cluster(100))) == page
