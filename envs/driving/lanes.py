"""The lanes of a town: roads between junctions, connectors inside them, how they join."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..geometry import Segment, trace
from .blocks import HALF, STOP_AT, ZEBRA_AT
from .junctions import SLOTS, conflicts, connector, exit_arm, slot, start_pose, yields
from .params import LANE_WIDTH, Command
from .plan import draws
from .sketch import ZEBRAS_OF_ROAD, Sketch, centre, follow_road

LIMITS = (30.0 / 3.6, 40.0 / 3.6, 50.0 / 3.6)  # [m/s]
SHORT, LONG = 60.0, 90.0  # [m] many roads up to SHORT get a lower limit, from LONG a higher
SHORT_SLOW = 0.6  # of short roads
SPACING = 1.0  # [m] between points of a lane; `road.lane_pose` counts on it
_LIMIT = 21  # purpose of draws

Fields = dict[str, NDArray[Any]]
CrossingIndex = dict[tuple[int, int], int]
"""(cell, n-th zebra of its block) -> index of the crossing."""


@dataclass(frozen=True)
class Road:
    """A lane between two junctions."""

    start: tuple[int, int]
    """Junction and arm by which the lane leaves it."""
    end: tuple[int, int]
    """Junction and arm by which the lane arrives."""
    path: list[Segment]
    cells: list[tuple[int, float]]
    """Cells between the junctions, in the lane's order, and where the lane enters each [m]."""

    @property
    def length(self) -> float:
        """[m]."""
        return path_length(self.path)


def path_length(path: list[Segment]) -> float:
    """Returns the length of a path [m]."""
    return sum(piece for piece, _ in path)


def draw_roads(plan: Sketch) -> list[Road]:
    """Returns both lanes of every road, by the junction and arm that they leave."""
    return [
        Road((junction, arm), (end, entry), path, cells)
        for junction in range(len(plan.junctions))
        for arm in plan.arms(junction)
        for path, cells, end, entry in [follow_road(plan, junction, arm)]
    ]


def lay_lanes(plan: Sketch, roads: list[Road], town: int, crossings: CrossingIndex) -> Fields:
    """Returns the fields of lanes and points: road lanes first, then connectors by junction."""
    leaving = {road.start: i for i, road in enumerate(roads)}
    arriving = {road.end: i for i, road in enumerate(roads)}
    connectors = [
        (junction, arm, way)
        for junction in range(len(plan.junctions))
        for arm in range(4)
        for way in (Command.LEFT, Command.STRAIGHT, Command.RIGHT)
        if (junction, arm) in arriving and (junction, exit_arm(arm, way)) in leaving
    ]
    fields = _blank(len(roads) + len(connectors))
    fields["junction_slots"] = np.full((len(plan.junctions), SLOTS), -1, np.int16)
    paths = []
    for i, road in enumerate(roads):
        paths.append((exit_pose(*centre(plan.junctions[road.start[0]]), road.start[1]), road.path))
        _fill_road(fields, i, road, _zebras_on(plan, road, crossings))
    fields["lane_limit"][: len(roads)] = _limits(plan, roads, town)
    for i, (junction, arm, way) in enumerate(connectors, len(roads)):
        x, y = centre(plan.junctions[junction])
        dx, dy, heading = start_pose(arm)
        paths.append(((x + dx, y + dy, heading), connector(way)))
        ends = arriving[junction, arm], leaving[junction, exit_arm(arm, way)]
        _fill_connector(fields, i, (junction, arm, way), ends)
        cell, arms = plan.junctions[junction], plan.arms(junction)
        zebras = [crossings[cell, arms.index(side)] for side in (arm, exit_arm(arm, way))]
        fields["lane_crossing"][i] = zebras
        entry = STOP_AT - ZEBRA_AT
        fields["lane_crossing_s"][i] = entry, path_length(connector(way)) - entry
    _rule(fields)
    return fields | _sample(paths)


def _fill_road(fields: Fields, i: int, road: Road, zebras: list[tuple[int, float]]) -> None:
    """Fills in road lane i."""
    junction, arm = road.end
    fields["lane_turn"][i] = Command.FOLLOW
    fields["lane_junction"][i] = junction
    fields["lane_group"][i] = arm % 2
    for k, (zebra, s) in enumerate(zebras):
        fields["lane_crossing"][i, k], fields["lane_crossing_s"][i, k] = zebra, s


def _fill_connector(
    fields: Fields, i: int, where: tuple[int, int, int], ends: tuple[int, int]
) -> None:
    """Fills in connector i: where is its junction, arm and turn, ends its road lanes."""
    (junction, arm, way), (before, after) = where, ends
    fields["junction_slots"][junction, slot(arm, way)] = i
    fields["lane_turn"][i] = way
    fields["lane_junction"][i] = junction
    fields["lane_slot"][i] = slot(arm, way)
    fields["lane_group"][i] = arm % 2
    fields["lane_limit"][i] = fields["lane_limit"][list(ends)].min()
    fields["lane_next"][i, 0], fields["lane_before"][i, 0] = after, before
    fields["lane_next"][before, way - 1] = i
    fields["lane_before"][after, way - 1] = i


def _blank(count: int) -> Fields:
    """Returns the fields of lanes filled with what means "none"."""
    return {
        "lane_count": np.array(count, np.int32),
        "lane_limit": np.zeros(count, np.float32),
        "lane_next": np.full((count, 3), -1, np.int16),
        "lane_before": np.full((count, 3), -1, np.int16),
        "lane_turn": np.zeros(count, np.int8),
        "lane_junction": np.full(count, -1, np.int16),
        "lane_slot": np.full(count, -1, np.int8),
        "lane_group": np.full(count, -1, np.int8),
        "lane_conflict": np.zeros(count, np.uint32),
        "lane_yield": np.zeros(count, np.uint32),
        "lane_crossing": np.full((count, 2), -1, np.int16),
        "lane_crossing_s": np.full((count, 2), -1.0, np.float32),
    }


def _rule(fields: Fields) -> None:
    """Fills in the conflicts and yields of connectors, with the slots that their junction has."""
    crossing = conflicts()
    for row in fields["junction_slots"]:
        present = [index for index in range(SLOTS) if row[index] >= 0]
        for index in present:
            bits = [1 << other for other in present if other != index and crossing[index, other]]
            gives = [1 << other for other in present if other in yields(index)]
            fields["lane_conflict"][row[index]] = sum(bits)
            fields["lane_yield"][row[index]] = sum(gives)


def exit_pose(x: float, y: float, arm: int) -> tuple[float, float, float]:
    """Returns where the lane begins that leaves a junction at (x, y) by an arm."""
    ahead, left = STOP_AT, -LANE_WIDTH / 2.0
    c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[arm]
    return x + c * ahead - s * left, y + s * ahead + c * left, arm * math.pi / 2.0


def _sample(paths: list[tuple[tuple[float, float, float], list[Segment]]]) -> Fields:
    """Returns the points of lanes, every metre and exactly at their ends."""
    lengths = [path_length(path) for _, path in paths]
    rows = []
    for (pose, path), length in zip(paths, lengths, strict=True):
        s = np.arange(math.ceil(length / SPACING - 1e-6) + 1, dtype=np.float64)
        s *= SPACING
        s[-1] = length
        rows.append(trace(pose, path, s))
    size = np.array([len(row) for row in rows], np.int32)
    return {
        "lane_length": np.array(lengths, np.float32),
        "lane_size": size,
        "lane_start": (np.cumsum(size) - size).astype(np.int32),
        "points": np.concatenate(rows).astype(np.float32),
    }


def _limits(plan: Sketch, roads: list[Road], town: int) -> list[float]:
    """Returns the limit of each road lane [m/s], the same for both directions of a road."""
    chance = draws(len(roads), town, 0, 0, _LIMIT)
    twin = {road.start: i for i, road in enumerate(roads)}
    limits = []
    for i, road in enumerate(roads):
        slow = any(plan.block(cell).slow for cell, _ in road.cells)
        length = road.length if i < twin[road.end] else roads[twin[road.end]].length
        level = 2 if length >= LONG else 1
        if slow or (length < SHORT and chance[min(i, twin[road.end])] < SHORT_SLOW):
            level -= 1
        limits.append(LIMITS[level])
    return limits


def _zebras_on(plan: Sketch, road: Road, crossings: CrossingIndex) -> list[tuple[int, float]]:
    """Returns the zebras between junctions that a road lane passes over, and where."""
    found = [(crossings[cell, 0], s + HALF) for cell, s in road.cells if plan.block(cell).zebra]
    assert len(found) <= ZEBRAS_OF_ROAD, found
    return found
