"""Towns: lanes that join, junctions that rule, streets with something on both sides."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mindloop.envs import geometry
from mindloop.envs.driving import blocks, junctions, road
from mindloop.envs.driving.params import CELL, CELLS, Command, Control, Static

SAMPLE = (0, 3, 77, 512, 1023)


@pytest.fixture(scope="module")
def towns() -> road.Towns:
    """A few towns of both splits."""
    return road.make_towns(SAMPLE)


@pytest.fixture(scope="module")
def pool(towns: road.Towns) -> road.Pool:
    """The same towns as kernels take them."""
    return road.pack(towns)


def _lane(towns: road.Towns, t: int, lane: int) -> geometry.Array:
    """Returns the points [N, 4] of a lane."""
    first = towns.lane_start[t, lane]
    points: geometry.Array = towns.points[t, first : first + towns.lane_size[t, lane]].astype(float)
    return points


def _reached(lists: NDArray[np.int16], start: int) -> set[int]:
    seen, stack = {start}, [start]
    while stack:
        for lane in lists[stack.pop()]:
            if lane >= 0 and lane not in seen:
                seen.add(int(lane))
                stack.append(int(lane))
    return seen


def test_every_lane_leads_to_every_other(towns: road.Towns) -> None:
    for t, count in enumerate(towns.lane_count):
        assert _reached(towns.lane_next[t], 0) == set(range(count))
        assert _reached(towns.lane_before[t], 0) == set(range(count))


def test_lanes_go_on_where_the_one_before_ends(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        for lane in range(towns.lane_count[t]):
            for after in towns.lane_next[t, lane]:
                if after < 0:
                    continue
                assert lane in towns.lane_before[t, after]
                end, start = _lane(towns, t, lane)[-1], _lane(towns, t, after)[0]
                np.testing.assert_allclose(end[:2], start[:2], atol=1e-3)
                turned = geometry.wrap_angle(np.array(end[2] - start[2]))
                assert abs(turned) < 1e-4


def test_points_are_a_metre_apart_and_bend_gently(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        for lane in range(towns.lane_count[t]):
            points = _lane(towns, t, lane)
            steps = np.hypot(*np.diff(points[:, :2], axis=0).T)
            assert steps.max() <= 1.0 + 1e-3
            assert steps[:-1].min() > 0.997  # chords of arcs
            assert len(points) == math.ceil(towns.lane_length[t, lane] - 1e-4) + 1
            assert abs(np.diff(points[:, 2])).max() < 0.14
            if towns.lane_turn[t, lane] == Command.FOLLOW:
                assert np.abs(points[:, 3]).max() <= 1.0 / (blocks.TIGHT_RADIUS - 1.76)


def test_blocks_have_lengths_and_curvatures_of_closed_form() -> None:
    table = {block.name: block for block in blocks.BLOCKS}
    assert sum(s for s, _ in table["straight"].path) == CELL
    wide = table["curve_wide"].path
    assert sum(s for s, _ in wide) == pytest.approx(30.0 * math.pi / 2.0)
    assert wide[0][1] == pytest.approx(1.0 / 30.0)
    for name in ("s_bend", "bow"):
        assert min(1.0 / abs(k) for _, k in table[name].path) - 1.75 >= 20.0
    for block in blocks.BLOCKS:
        if block.path:
            end = blocks.centre_line(block)[-1]
            other = next(side for side in block.sockets if side != block.entry)
            np.testing.assert_allclose(end, blocks.entry_pose(other)[:2], atol=1e-9)


def _slots(*names: str) -> list[int]:
    """Returns the slots named by arm (E, N, W, S) and turn (L, S, R)."""
    return [3 * "ENWS".index(name[0]) + "LSR".index(name[1]) for name in names]


def test_conflicts_of_a_crossroads_by_hand() -> None:
    table = junctions.conflicts()
    np.testing.assert_array_equal(table, table.T)

    def against(name: str) -> set[int]:
        return set(np.flatnonzero(table[_slots(name)[0]]).tolist())

    # Those of the same arm part from it, those of the same exit join it, and it crosses the rest
    # but the oncoming straight and, going straight, the oncoming right turn.
    assert against("ES") == set(_slots("EL", "ER", "NL", "NS", "NR", "WL", "SL", "SS"))
    assert against("EL") == set(_slots("ES", "ER", "NL", "NS", "WS", "WR", "SL", "SS"))
    # Long vehicles swing out over the middle of an arm, so neighbouring right turns meet too.
    assert against("ER") == set(_slots("EL", "ES", "WL", "SS", "NR", "SR"))
    assert junctions.yields(_slots("EL")[0]) == _slots("WS", "WR")
    assert junctions.yields(_slots("ES")[0]) == []


def test_masks_name_only_slots_that_the_junction_has(towns: road.Towns) -> None:
    table = junctions.conflicts()
    for t in range(len(SAMPLE)):
        for row in towns.junction_slots[t, : towns.junction_count[t]]:
            present = [i for i in range(12) if row[i] >= 0]
            assert len(present) in (6, 12)
            for i in present:
                lane = row[i]
                assert towns.lane_slot[t, lane] == i
                mask = int(towns.lane_conflict[t, lane])
                assert mask == sum(1 << j for j in present if table[i, j] and j != i)
                gives = sum(1 << j for j in present if j in junctions.yields(i))
                assert towns.lane_yield[t, lane] == gives


def test_connectors_turn_as_they_say(towns: road.Towns) -> None:
    angle = {Command.LEFT: math.pi / 2.0, Command.STRAIGHT: 0.0, Command.RIGHT: -math.pi / 2.0}
    for t in range(len(SAMPLE)):
        for lane in range(towns.lane_count[t]):
            turn = int(towns.lane_turn[t, lane])
            if turn == Command.FOLLOW:
                ways = [int(towns.lane_turn[t, c]) for c in towns.lane_next[t, lane] if c >= 0]
                assert ways == [way for way, c in enumerate(towns.lane_next[t, lane], 1) if c >= 0]
                continue
            points = _lane(towns, t, lane)
            assert points[-1, 2] - points[0, 2] == pytest.approx(angle[Command(turn)], abs=1e-5)


def test_towns_are_as_promised(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        count = towns.junction_count[t]
        controls = towns.junction_control[t, :count]
        assert 10 <= count <= 24
        assert {Control.LIGHTS, Control.STOP} == set(controls.tolist())
        assert towns.parking_count[t] >= 24
        roads = towns.lane_turn[t, : towns.lane_count[t]] == Command.FOLLOW
        limits = towns.lane_limit[t, : towns.lane_count[t]][roads] * 3.6
        assert set(np.round(limits).tolist()) <= {30.0, 40.0, 50.0}


def test_signs_stand_on_the_right_and_look_at_the_driver(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        for lane in np.flatnonzero(towns.lane_turn[t, : towns.lane_count[t]] == 0).tolist():
            points = _lane(towns, t, lane)
            junction = towns.lane_junction[t, lane]
            rule = towns.statics[t, towns.lane_sign[t, lane]]
            limit = towns.statics[t, towns.lane_limit_sign[t, lane]]
            lit = towns.junction_control[t, junction] == Control.LIGHTS
            assert rule[3] == (Static.LIGHT if lit else Static.STOP_SIGN)
            assert limit[3] == Static.LIMIT_SIGN
            assert limit[4] == round(float(towns.lane_limit[t, lane]) * 3.6)
            for sign, pose in ((rule, points[-1]), (limit, points[0])):
                ahead, left = geometry.to_frame(sign[:2].astype(np.float64), *pose[:3])
                assert ahead > 0.0 and -3.0 < left < -0.5
                look = geometry.wrap_angle(np.array(sign[2] - pose[2] - math.pi))
                assert abs(look) < 1e-4
            if lit:
                assert rule[4] == junction
                assert rule[5] == towns.lane_group[t, lane]
                ahead, _ = geometry.to_frame(rule[:2].astype(np.float64), *points[-1][:3])
                assert 17.0 < ahead < 25.0  # beyond the junction


def test_crossings_lie_across_their_lanes(towns: road.Towns, pool: road.Pool) -> None:
    for t in range(len(SAMPLE)):
        seen = set()
        for lane in range(towns.lane_count[t]):
            is_connector = towns.lane_slot[t, lane] >= 0
            found = towns.lane_crossing[t, lane]
            assert not is_connector or (found >= 0).all()
            for crossing, s in zip(found, towns.lane_crossing_s[t, lane], strict=True):
                if crossing < 0:
                    continue
                seen.add(int(crossing))
                x0, y0, x1, y1 = towns.crossing_xy[t, crossing]
                x, y, _, _ = road.lane_pose(pool[t], lane, s)
                across = geometry.distance_to_segments(np.array([x, y]), np.array([x0, y0, x1, y1]))
                assert across < 0.02
                assert math.hypot(x - (x0 + x1) / 2.0, y - (y0 + y1) / 2.0) < 1.8
        assert seen == set(range(towns.crossing_count[t]))


def test_pavements_are_one_net(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        count = towns.walk_count[t]
        nodes = towns.walk_node[t, :count]
        at: dict[int, NDArray[np.float32]] = {}
        for edge, (a, b) in enumerate(nodes):
            for node, xy in ((a, towns.walk_xy[t, edge, :2]), (b, towns.walk_xy[t, edge, 2:])):
                assert edge in towns.node_edges[t, node]
                np.testing.assert_allclose(at.setdefault(int(node), xy), xy, atol=0.02)
        crossed = towns.walk_crossing[t, :count]
        assert sorted(crossed[crossed >= 0]) == list(range(towns.crossing_count[t]))
        degree = np.bincount(nodes.ravel())
        ends = set(np.flatnonzero(degree == 1).tolist())
        assert not ends, "a pavement must not stop in the middle of nowhere"


def _everything_but(towns: road.Towns, t: int) -> tuple[geometry.Array, geometry.Array]:
    """Returns the points of all lanes and of all pavements of a town."""
    lanes = towns.points[t, : int(towns.lane_size[t].sum()), :2].astype(np.float64)
    edges = towns.walk_xy[t, : towns.walk_count[t]].astype(np.float64)
    share = np.linspace(0.0, 1.0, 9)[:, None, None]
    return lanes, (edges[:, :2] * (1.0 - share) + edges[:, 2:] * share).reshape(-1, 2)


def test_buildings_keep_off_roads_pavements_and_one_another(towns: road.Towns) -> None:
    for t in (0, 1):
        boxes = towns.buildings[t, : towns.building_count[t], :5].astype(np.float64)
        assert len(boxes) > 150
        lanes, pavement = _everything_but(towns, t)
        for box in boxes:
            assert geometry.distance_to_boxes(lanes, box).min() > 1.75 + 2.6
            assert geometry.distance_to_boxes(pavement, box).min() > 1.3 + 1.0
        apart = geometry.gap(boxes[:, None], boxes[None])
        np.fill_diagonal(apart, 9.0)
        assert apart.min() > 0.9


def test_nothing_stands_on_a_road_or_in_a_wall(towns: road.Towns) -> None:
    for t in (0, 1):
        lanes, pavement = _everything_but(towns, t)
        boxes = towns.buildings[t, : towns.building_count[t], :5].astype(np.float64)
        bays = towns.parking_xyh[t, : towns.parking_count[t], :2].astype(np.float64)
        for row in towns.statics[t, : towns.static_count[t]]:
            point = row[:2].astype(np.float64)
            assert np.hypot(*(lanes - point).T).min() > 2.0, row
            assert np.hypot(*(pavement - point).T).min() > 0.35, row
            assert np.hypot(*(bays - point).T).min() > 1.5, row
            assert geometry.distance_to_boxes(point, boxes).min() > 0.2, row


def test_rows_are_sorted_by_cell(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        for rows, first, count in (
            (towns.buildings, towns.building_first, towns.building_count),
            (towns.statics, towns.static_first, towns.static_count),
        ):
            assert first[t, 0] == 0 and first[t, -1] == count[t]
            for cell in range(CELLS * CELLS):
                own = rows[t, first[t, cell] : first[t, cell + 1], :2] // CELL
                assert (own == (cell // CELLS, cell % CELLS)).all()


def test_streets_have_buildings_on_both_sides(towns: road.Towns) -> None:
    names = [tile.name for tile in road.TILES]
    for t in range(len(SAMPLE)):
        for cell, tile in enumerate(towns.cell_tile[t].ravel()):
            if names[tile].startswith("straight"):
                first = towns.building_first[t]
                own = towns.buildings[t, first[cell] : first[cell + 1], :2].astype(np.float64)
                own = own % CELL - CELL / 2.0
                local = geometry.turn(own, -road.TILES[tile].rotation)
                assert (local[:, 1] > 0.0).sum() >= 1 and (local[:, 1] < 0.0).sum() >= 1


def test_long_routes_with_junctions_exist(towns: road.Towns) -> None:
    for t in range(len(SAMPLE)):
        lane, length, passed = 0, 0.0, 0
        while length < 800.0 or passed < 4:
            length += float(towns.lane_length[t, lane])
            passed += towns.lane_slot[t, lane] >= 0
            lane = int(next(n for n in towns.lane_next[t, lane][::-1] if n >= 0))
            assert passed < 100
        assert len(towns.lane_count) == len(SAMPLE)


def test_pose_and_projection_undo_one_another(towns: road.Towns, pool: road.Pool) -> None:
    for lane in (0, 5, int(towns.lane_count[0]) - 1):
        length = float(towns.lane_length[0, lane])
        for share in (0.0, 0.31, 0.77, 1.0):
            s = share * length
            x, y, heading, _ = road.lane_pose(pool[0], lane, s)
            for left in (-0.8, 0.6):
                px, py = x - left * math.sin(heading), y + left * math.cos(heading)
                for hint, window in ((s + 1.0, 5.0), (0.0, -1.0)):
                    found, lateral = road.project(pool[0], lane, px, py, hint, window)
                    assert found == pytest.approx(s, abs=0.12)
                    assert lateral == pytest.approx(left, abs=0.02)
    end = road.lane_pose(pool[0], 0, 1e9)
    np.testing.assert_allclose(end[:2], _lane(towns, 0, 0)[-1, :2], atol=1e-3)


def _digest(towns: road.Towns) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in towns)).hexdigest()


@pytest.mark.slow
def test_towns_are_the_same_in_another_process(towns: road.Towns) -> None:
    code = (
        "import hashlib; from mindloop.envs.driving import road;"
        f"towns = road.make_towns({SAMPLE});"
        "print(hashlib.sha256(b''.join(a.tobytes() for a in towns)).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == _digest(towns)


def test_a_town_does_not_depend_on_its_neighbours(towns: road.Towns) -> None:
    alone = road.make_towns([SAMPLE[1]])
    for name in road.FIELDS:
        np.testing.assert_array_equal(getattr(towns, name)[1], getattr(alone, name)[0])


def test_all_towns_have_records_of_one_size_so_that_kernels_compile_once() -> None:
    one, other = (road.pack(road.make_towns([number])) for number in (3, 700))
    assert one.dtype == other.dtype


def test_a_town_that_is_too_large_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(road.ROOM, "buildings", 20)
    with pytest.raises(ValueError, match=r"`buildings` must have at most 20 rows; got \d+"):
        road.make_towns([3])


@pytest.fixture
def small_pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two towns a split, in a cache of their own."""
    monkeypatch.setenv("MINDLOOP_CACHE", str(tmp_path))
    monkeypatch.setattr(road, "TOWNS_PER_SPLIT", 2)
    return tmp_path


def test_pool_is_made_once_and_mapped(small_pool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = road.load_pool("test")
    assert "making towns 2/2" in capsys.readouterr().err
    again = road.load_pool("test")
    assert capsys.readouterr().err == ""
    fresh = road.pack(road.make_towns([512, 513]))
    assert made.tobytes() == again.tobytes() == fresh.tobytes()
    assert again.dtype == fresh.dtype
    assert not again.flags.writeable
    assert type(again) is np.ndarray
    assert list(small_pool.glob("towns-*")) == [road.pool_file("test")]


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_pool_is_made_anew(
    small_pool: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    whole = road.load_pool("test").tobytes()
    capsys.readouterr()
    file = road.pool_file("test")
    content = file.read_bytes()
    file.unlink()
    if damage == "other":
        np.save(file, np.zeros(3))
    else:
        file.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    assert road.load_pool("test").tobytes() == whole
    assert "damaged" in capsys.readouterr().err


def test_messages_of_wrong_towns_and_splits() -> None:
    assert road.town_row("test", 515) == 3
    with pytest.raises(ValueError, match=r"`town` must be in 0..511 .* got 512. Choose"):
        road.town_row("train", 512)
    with pytest.raises(ValueError, match=r"`split` must be one of train, test; got 'tets'.*'test'"):
        road.load_pool("tets")


def test_tiles_are_listed_by_block_and_rotation() -> None:
    assert len(road.TILES) == 4 * len(blocks.BLOCKS)
    for i, tile in enumerate(road.TILES):
        assert tile.name == blocks.BLOCKS[i // 4].name
        assert tile.rotation == i % 4
        for shape in tile.shapes:
            assert np.abs(shape.points).max() <= CELL / 2.0 + 1e-9
