"""Labels lie over nothing: not over each other, not over points, not outside."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.charts.placement import Box, Screen, box_at, place_labels, spread, text_size

AREA = Box(0, 0, 900, 320)
COORDINATES = st.tuples(st.floats(0, 900), st.floats(0, 320))


def boxes(points, sizes, offsets):
    return [
        box_at((x + offset[0], y + offset[1]), size)
        for (x, y), size, offset in zip(points, sizes, offsets, strict=True)
        if offset is not None
    ]


@given(st.lists(COORDINATES, min_size=1, max_size=8))
def test_placed_labels_overlap_no_other_and_no_point_and_stay_inside(points):
    sizes = [text_size(f"Model {n} 7B Instruct", 13) for n in range(len(points))]
    placed = boxes(points, sizes, place_labels([Screen(points, AREA)], sizes))
    assert not [1 for one, other in combinations(placed, 2) if one.overlaps(other)]
    markers = [box_at(point, (16, 16)) for point in points]
    assert not [1 for box in placed for marker in markers if box.overlaps(marker)]
    assert all(box.within(AREA) for box in placed)


@pytest.mark.parametrize("x", [5, 450, 895])
def test_eight_points_in_one_place_all_have_labels(x):
    points = [(x + n, 160 + n / 2) for n in range(8)]
    sizes = [text_size("Qwen2.5 7B Instruct", 13)] * 8
    assert None not in place_labels([Screen(points, AREA)], sizes)


def test_a_lone_label_stands_right_of_its_point_close_by():
    (offset,) = place_labels([Screen([(100, 100)], AREA)], [(60, 16)])
    assert offset is not None
    across, down = offset
    assert 30 < across < 50
    assert down == pytest.approx(0, abs=1)


def test_a_label_avoids_a_line_where_there_is_room_close_by():
    line = Box(110, 0, 110, 320)  # straight down, right of the point
    (offset,) = place_labels([Screen([(100, 100)], AREA, [line])], [(60, 16)])
    assert offset is not None
    assert not box_at((100 + offset[0], 100 + offset[1]), (60, 16)).overlaps(line)
    everywhere = [Box(0, y, 900, y) for y in range(0, 320, 5)]
    assert place_labels([Screen([(100, 100)], AREA, everywhere)], [(60, 16)]) == place_labels(
        [Screen([(100, 100)], AREA)], [(60, 16)]
    )


def test_a_label_without_room_is_left_out():
    assert place_labels([Screen([(5, 5)], Box(0, 0, 20, 20))], [(50, 50)]) == [None]


@given(st.lists(COORDINATES, min_size=2, max_size=8))
def test_labels_lie_over_nothing_on_a_narrow_screen_too(points):
    sizes = [text_size(f"Model {n} 7B Instruct", 13) for n in range(len(points))]
    narrow = [(x * 0.6, y) for x, y in points]
    screens = [Screen(points, AREA), Screen(narrow, Box(0, 0, 540, 320))]
    offsets = place_labels(screens, sizes)
    for placed in (boxes(points, sizes, offsets), boxes(narrow, sizes, offsets)):
        assert not [1 for one, other in combinations(placed, 2) if one.overlaps(other)]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=10), st.floats(0.1, 20))
def test_spread_keeps_order_and_gap_and_the_mean(centres, gap):
    moved = spread(centres, gap)
    order = np.argsort(centres, kind="stable")
    assert (np.diff(moved[order]) >= gap - 1e-6).all()
    assert moved.mean() == pytest.approx(np.mean(centres))


def test_what_is_far_apart_stays():
    assert spread([30.0, 10.0, 20.0], 5).tolist() == [30.0, 10.0, 20.0]
