"""Closed forms of angles, frames, paths and boxes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mindloop.envs import geometry


def test_angles_wrap_into_half_open_interval() -> None:
    angles = np.array([0.0, math.pi, -math.pi, 1.5 * math.pi, 7.0])
    wrapped = geometry.wrap_angle(angles)
    np.testing.assert_allclose(
        wrapped, [0.0, -math.pi, -math.pi, -math.pi / 2.0, 7.0 - 2.0 * math.pi]
    )


def test_frames_undo_one_another() -> None:
    points = np.array([[3.0, -2.0], [0.5, 9.0]])
    local = geometry.to_frame(points, 1.0, 2.0, 0.7)
    np.testing.assert_allclose(geometry.from_frame(local, 1.0, 2.0, 0.7), points)
    ahead = geometry.to_frame(np.array([1.0, 5.0]), 1.0, 2.0, math.pi / 2.0)
    np.testing.assert_allclose(ahead, [3.0, 0.0], atol=1e-12)


def test_turn_is_exact_and_goes_round() -> None:
    np.testing.assert_array_equal(geometry.turn(np.array([2.0, 1.0]), 1), [-1.0, 2.0])
    np.testing.assert_array_equal(geometry.turn(np.array([2.0, 1.0]), 4), [2.0, 1.0])


def test_a_path_follows_a_quarter_circle_after_a_straight() -> None:
    path = [(10.0, 0.0), (20.0 * math.pi / 2.0, 1.0 / 20.0)]
    poses = geometry.trace((0.0, 0.0, 0.0), path, np.array([5.0, 10.0, 10.0 + 10.0 * math.pi]))
    np.testing.assert_allclose(poses[0], [5.0, 0.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(poses[1, :3], [10.0, 0.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(poses[2], [30.0, 20.0, math.pi / 2.0, 0.05], atol=1e-12)


def test_a_reversed_path_leads_back() -> None:
    path = [(10.0, 0.0), (15.0, 0.05), (8.0, -0.1)]
    end = geometry.trace((1.0, 2.0, 0.3), path, np.array([33.0]))[0]
    back = geometry.trace(
        (end[0], end[1], end[2] + math.pi), geometry.reverse(path), np.array([33.0])
    )[0]
    np.testing.assert_allclose(back[:2], [1.0, 2.0], atol=1e-9)


def test_a_path_to_the_right_of_a_left_turn_is_longer() -> None:
    (length, curvature), *_ = geometry.offset([(30.0 * math.pi / 2.0, 1.0 / 30.0)], -1.75)
    assert length == pytest.approx(31.75 * math.pi / 2.0)
    assert curvature == pytest.approx(1.0 / 31.75)


def test_gap_between_boxes() -> None:
    one = np.array([0.0, 0.0, 0.0, 2.0, 1.0])
    beside = np.array([0.0, 3.5, 0.0, 2.0, 1.0])
    across = np.array([2.5, 0.0, math.pi / 2.0, 2.0, 1.0])
    assert geometry.gap(one, beside) == pytest.approx(1.5)
    assert geometry.gap(one, across) == pytest.approx(-0.5)
    both = geometry.gap(np.stack([one, beside]), across)
    assert both.shape == (2,)


def test_corners_and_distances() -> None:
    box = np.array([1.0, 1.0, math.pi / 2.0, 2.0, 1.0])
    np.testing.assert_allclose(geometry.corners(box)[0], [0.0, 3.0], atol=1e-12)
    points = np.array([[1.0, 1.0], [1.0, 5.0], [5.0, 6.0]])
    np.testing.assert_allclose(
        geometry.distance_to_boxes(points, box), [0.0, 2.0, math.hypot(3.0, 3.0)]
    )
    segment = np.array([0.0, 0.0, 10.0, 0.0])
    np.testing.assert_allclose(
        geometry.distance_to_segments(np.array([[5.0, 2.0], [13.0, 4.0]]), segment), [2.0, 5.0]
    )
