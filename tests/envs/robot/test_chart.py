"""The robot's own map: made of what it senses, and of nothing else."""

from __future__ import annotations

import math

import numpy as np

from mindloop.envs.robot import chart
from mindloop.envs.robot.env import RobotEnv, RobotVectorEnv
from mindloop.envs.robot.lives import ODO_HEADING, ODO_X, SPAN, X
from mindloop.envs.robot.params import CELL
from mindloop.envs.robot.sensors import RANGE

MIDDLE = chart.SIDE // 2


def test_a_wall_ahead_by_hand() -> None:
    env = RobotEnv(split="test")
    env.reset(seed=0)
    life = env.robot.state[0]
    life["chart"] = 0
    life["body"][ODO_X : ODO_HEADING + 1] = (0.1, 0.1, 0.0)
    ranges = np.full(36, RANGE, np.float32)
    ranges[[35, 0, 1]] = 2.0
    chart.chart(life, ranges)
    shown = np.zeros(chart.CHART, np.uint8)
    chart.show(life, shown)
    column = shown[:, MIDDLE - 1]  # straight ahead is up
    row = MIDDLE - 1 - int(2.0 / CELL)
    assert column[row, 0] == chart.HIT * chart.SHOWN_HIT
    assert (column[row + 1 : MIDDLE, 1] == chart.SHOWN_LOOKED).all()
    assert (column[row - 4 : row, 1] == 0).all(), "behind the wall all is unknown"
    behind = shown[MIDDLE + 4 : MIDDLE + 20, MIDDLE - 1, 1]
    assert (behind == chart.SHOWN_FREE).all(), "the lidar looks behind, the camera doesn't"
    assert (shown[..., 2] > 0).sum() == 1


def test_it_turns_with_the_robot() -> None:
    env = RobotEnv(split="test")
    env.reset(seed=0)
    life = env.robot.state[0]
    before, after = (np.zeros(chart.CHART, np.uint8) for _ in range(2))
    life["body"][ODO_X : ODO_HEADING + 1] = (0.125, 0.125, 0.0)
    chart.show(life, before)
    life["body"][ODO_HEADING] = 0.5 * math.pi
    chart.show(life, after)
    turned = np.rot90(before, -1)  # what was to the left is ahead
    assert (turned[1:-1, 1:-1] == after[1:-1, 1:-1]).mean() > 0.97


def test_what_was_taken_for_solid_and_is_gone_is_forgotten() -> None:
    env = RobotEnv(split="test")
    env.reset(seed=0)
    life = env.robot.state[0]
    life["chart"] = 0
    life["body"][ODO_X : ODO_HEADING + 1] = (0.1, 0.1, 0.0)
    stands, gone = np.full(36, 3.0, np.float32), np.full(36, 6.0, np.float32)
    stands[0] = 1.0
    for _ in range(3):
        chart.chart(life, stands)
    place = (int(1.15 / CELL), 0)
    assert life["chart"][place] // chart.ONE >= chart.HIT
    for _ in range(20):
        chart.chart(life, gone)
    assert life["chart"][place] // chart.ONE == 0


def test_it_follows_from_the_other_observations_alone() -> None:
    """What the map shows is made anew of lidar and odometry, as they were observed."""
    env = RobotVectorEnv(1, preset="Social", split="test", camera=False)
    mine = np.zeros_like(env.robot.state[0:1])[0]
    observation, _ = env.reset(seed=4)
    expert = env.expert("visible")
    for _ in range(80):
        mine["body"][ODO_X : ODO_X + 2] = observation["state"][0, 2:4]
        mine["body"][ODO_HEADING] = env.robot.state[0]["body"][ODO_HEADING]
        cos, sin = observation["state"][0, 4:6]
        assert abs(math.atan2(sin, cos) - mine["body"][ODO_HEADING]) < 1e-5
        chart.chart(mine, observation["lidar"][0])
        shown = np.zeros(chart.CHART, np.uint8)
        chart.show(mine, shown)
        np.testing.assert_array_equal(shown, observation["map"][0])
        observation, _, ended, late, _ = env.step(expert.act())
        if ended[0] or late[0]:
            break
    assert (shown[..., 1] > 0).sum() > 100


def test_it_drifts_as_odometry_does_and_no_home_is_wider() -> None:
    env = RobotVectorEnv(1, preset="PointGoal", split="test", camera=False)
    env.reset(seed=2)
    life = env.robot.state[0]
    life["body"][X : X + 2] += 0.0  # where it truly is doesn't matter:
    shown, moved = (np.zeros(chart.CHART, np.uint8) for _ in range(2))
    chart.show(life, shown)
    life["body"][X] += 3.0
    chart.show(life, moved)
    np.testing.assert_array_equal(shown, moved)
    assert 16.0 * math.sqrt(2) < SPAN * CELL


def test_it_may_be_left_out() -> None:
    env = RobotEnv(chart=False, camera=False)
    observation, _ = env.reset(seed=1)
    assert set(observation) == {"lidar", "state", "mission"}
