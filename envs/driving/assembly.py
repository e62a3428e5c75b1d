"""One town put together as arrays: crossings, pavements, signs, and what stands beside roads."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..geometry import Array, from_frame, turn
from .blocks import BLOCKS, STOP_AT, Walks, bays, walks, zebras
from .lanes import CrossingIndex, Fields, Road, draw_roads, exit_pose, lay_lanes
from .layouts import LAYOUTS, Thing, layout
from .params import CELL, CELLS, LANE_WIDTH, Control, Static
from .plan import COUNT, draws
from .sketch import Sketch, centre, sketch

SIGN_OUT = LANE_WIDTH / 2.0 + 0.65  # [m] from a lane's centre to the posts on its right
SIGN_AFTER = 6.0  # [m] arc position of a limit sign
SIGN_BEYOND = 0.8  # [m] from a stop line on to its stop sign
LIGHT_AT = 9.8  # [m] from a junction's centre to the far-side light
LIGHT_BEHIND = 5.9  # [m] the same where the far side has no arm
COLOURS = 8  # of buildings
_LAYOUT = 22  # purpose of draws


def assemble(town: int) -> Fields:
    """Returns a town's part of every field of `road.Towns`, without the leading axis."""
    plan = sketch(town)
    roads = draw_roads(plan)
    crossings, index = _crossings(plan)
    fields = {"cell_tile": plan.tiles.reshape(CELLS, CELLS)} | crossings
    fields |= lay_lanes(plan, roads, town, index) | _junctions(plan)
    fields |= _parking(plan) | _walks(plan, index)
    return fields | _stand(plan, roads, fields, town)


@cache
def _tile_zebras(tile: int) -> Array:
    """Returns the zebras of a tile [N, 4], from the cell's centre."""
    points = zebras(BLOCKS[tile // 4]).reshape(-1, 2, 2)
    return turn(points, tile % 4).reshape(-1, 4)


@cache
def _tile_walks(tile: int) -> Walks:
    """Returns the pavements of a tile, from the cell's centre."""
    own = walks(BLOCKS[tile // 4])
    return Walks(turn(own.nodes, tile % 4), own.edges)


def _crossings(plan: Sketch) -> tuple[Fields, CrossingIndex]:
    """Returns the zebras of a town, by cell and then in their block's order."""
    index: CrossingIndex = {}
    xy: list[Array] = []
    junction, group = [], []
    for cell in range(COUNT):
        here = plan.number.get(cell, -1)
        for i, zebra in enumerate(_tile_zebras(int(plan.tiles[cell]))):
            index[cell, i] = len(xy)
            xy.append(zebra + np.tile(centre(cell), 2))
            junction.append(here)
            group.append(plan.arms(here)[i] % 2 if here >= 0 else -1)
    fields: Fields = {
        "crossing_count": np.array(len(xy), np.int32),
        "crossing_xy": np.array(xy, np.float32),
        "crossing_junction": np.array(junction, np.int16),
        "crossing_group": np.array(group, np.int8),
    }
    return fields, index


def _junctions(plan: Sketch) -> Fields:
    """Returns where junctions are and how they are ruled."""
    controls = [plan.block(cell).control for cell in plan.junctions]
    return {
        "junction_count": np.array(len(controls), np.int32),
        "junction_xy": np.array([centre(cell) for cell in plan.junctions], np.float32),
        "junction_control": np.array(controls, np.int8),
    }


def _parking(plan: Sketch) -> Fields:
    """Returns the parking bays of a town, by cell."""
    found = []
    for cell in range(COUNT):
        own = bays(plan.block(cell))
        if len(own):
            x, y = centre(cell)
            quarter = plan.rotation(cell)
            place = turn(own[:, :2], quarter) + np.array([x, y])
            found.append(np.column_stack([place, own[:, 2] + quarter * math.pi / 2.0]))
    rows = np.concatenate(found)
    rows[:, 2] = (rows[:, 2] + math.pi) % (2.0 * math.pi) - math.pi
    return {
        "parking_count": np.array(len(rows), np.int32),
        "parking_xyh": rows.astype(np.float32),
    }


def _walks(plan: Sketch, index: CrossingIndex) -> Fields:
    """Returns the pavements of a town; nodes of neighbouring cells that meet become one."""
    nodes, ends, crossing, count = [], [], [], 0
    for cell in range(COUNT):
        own = _tile_walks(int(plan.tiles[cell]))
        nodes.append(own.nodes + centre(cell))
        for a, b, zebra in own.edges:
            ends.append((a + count, b + count))
            crossing.append(index[cell, zebra] if zebra >= 0 else -1)
        count += len(own.nodes)
    points = np.concatenate(nodes)
    _, first, same = np.unique(
        np.round(points * 100.0).astype(np.int64), axis=0, return_index=True, return_inverse=True
    )
    edges = same.reshape(-1)[np.array(ends)]
    points = points[first]
    meeting: list[list[int]] = [[] for _ in points]
    for i, (a, b) in enumerate(edges):
        meeting[a].append(i)
        meeting[b].append(i)
    padded = np.full((len(points), 5), -1, np.int16)
    for row, own_edges in zip(padded, meeting, strict=True):
        row[: len(own_edges)] = own_edges
    xy = points[edges].reshape(-1, 4)
    return {
        "walk_count": np.array(len(edges), np.int32),
        "walk_xy": xy.astype(np.float32),
        "walk_length": np.hypot(xy[:, 2] - xy[:, 0], xy[:, 3] - xy[:, 1]).astype(np.float32),
        "walk_node": edges.astype(np.int16),
        "walk_crossing": np.array(crossing, np.int16),
        "node_edges": padded,
    }


def _stand(plan: Sketch, roads: list[Road], fields: Fields, town: int) -> Fields:
    """Returns buildings and statics by cell, and which static rules which lane."""
    buildings, plants = _grow(plan, town)
    signs, rules, limits = _signs(plan, roads, fields["lane_limit"])
    things = np.concatenate([np.array(signs).reshape(-1, 6), *plants])
    cells = _cell_of(things[:, :2])
    order = np.argsort(cells, kind="stable")
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    lane_sign, lane_limit_sign = np.full((2, int(fields["lane_count"])), -1, np.int16)
    lane_sign[: len(rules)] = rank[rules]
    lane_limit_sign[: len(limits)] = rank[limits]
    sizes = [len(rows) for rows in buildings]
    return {
        "lane_sign": lane_sign,
        "lane_limit_sign": lane_limit_sign,
        "static_count": np.array(len(things), np.int32),
        "statics": things[order].astype(np.float32),
        "static_first": np.searchsorted(cells[order], np.arange(COUNT + 1)).astype(np.int32),
        "building_count": np.array(sum(sizes), np.int32),
        "buildings": np.concatenate(buildings).astype(np.float32),
        "building_first": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
    }


def _grow(plan: Sketch, town: int) -> tuple[list[Array], list[Array]]:
    """Returns the buildings and the lamps, trees and bushes of each cell."""
    chance = draws(3 * COUNT, town, 0, 0, _LAYOUT).reshape(3, COUNT)
    buildings, statics = [], []
    for cell in range(COUNT):
        own = layout(int(plan.tiles[cell]), int(chance[0, cell] * LAYOUTS))
        houses, things = own.buildings.copy(), own.statics.copy()
        for rows in (houses, things):
            rows[:, :2] += centre(cell)
        things = things[np.argsort(-things[:, 4], kind="stable")]  # a camera stops at small ones
        houses[:, 5] *= 0.85 + 0.4 * chance[1, cell]
        houses[:, 6] = (houses[:, 6] + int(chance[2, cell] * COLOURS)) % COLOURS
        buildings.append(houses)
        statics.append(things)
    return buildings, statics


def _cell_of(points: Array) -> NDArray[np.int64]:
    """Returns the cell index of points [N, 2]."""
    ix, iy = (points // CELL).astype(np.int64).T
    return np.asarray(ix * CELLS + iy)


def _signs(
    plan: Sketch, roads: list[Road], lane_limit: Array
) -> tuple[list[Thing], list[int], list[int]]:
    """Returns signs and lights, and for each road lane the one at its end and its limit sign."""
    signs: list[Thing] = []
    rules, limits = [], []
    for lane, road in enumerate(roads):
        x, y, heading = exit_pose(*centre(plan.junctions[road.start[0]]), road.start[1])
        post = from_frame(np.array([SIGN_AFTER, -SIGN_OUT]), x, y, heading)
        limit = round(float(lane_limit[lane]) * 3.6)
        limits.append(len(signs))
        signs.append((*_facing(post, heading), Static.LIMIT_SIGN, limit, 0.0))
        rules.append(len(signs))
        signs.append(_ruler(plan, *road.end))
    return signs, rules, limits


def _facing(post: Array, heading: float) -> tuple[float, float, float]:
    """Returns the pose of a sign read by drivers with a heading."""
    look = (heading + 2.0 * math.pi) % (2.0 * math.pi) - math.pi
    return float(post[0]), float(post[1]), look


def _ruler(plan: Sketch, junction: int, arm: int) -> Thing:
    """Returns the stop sign or far-side light of those who arrive by an arm."""
    cell = plan.junctions[junction]
    heading = (arm + 2) % 4 * math.pi / 2.0
    out = -LANE_WIDTH / 2.0 - SIGN_OUT  # right of the centre line
    if plan.block(cell).control == Control.STOP:
        post = from_frame(np.array([SIGN_BEYOND - STOP_AT, out]), *centre(cell), heading)
        return (*_facing(post, heading), Static.STOP_SIGN, 0.0, 0.0)
    has_far = (arm + 2) % 4 in plan.arms(junction)
    ahead = LIGHT_AT if has_far else LIGHT_BEHIND
    post = from_frame(np.array([ahead, out if has_far else 0.6 * out]), *centre(cell), heading)
    return (*_facing(post, heading), Static.LIGHT, float(junction), float(arm % 2))
