"""The batched kernels: begin episodes, and live one decision in every lane."""

from __future__ import annotations

import numpy as np

from ..canvas import kernel
from ..rng import normal
from .chart import chart, is_charted
from .facts import describe, repeat_plan
from .homes import House, Pool
from .kernel import (
    BACK_MAX,
    DRAW_SPEED,
    DRAW_TURN,
    DROP_IT,
    FORWARD,
    NOISE,
    PERSON_RADIUS,
    PICK_UP,
    RADIUS,
    SPEED_MAX,
    TOGGLE,
    TURN_MAX,
    count_odometry,
    move_robot,
    thing_ahead,
    use_gripper,
    wheels,
)
from .lives import (
    BUMPED,
    CARRIED,
    DROPPED,
    DT,
    END,
    HEADING,
    NEAR_PERSON,
    ODO_HEADING,
    ODO_X,
    ODO_Y,
    P_MODE,
    P_X,
    P_Y,
    PICKED,
    SPEED,
    SUBSTEPS,
    T_BUMPS,
    T_COLOUR,
    T_DECISIONS,
    T_KIND,
    T_PERSON,
    T_PUSHES,
    T_SHORTEST,
    T_SPACE,
    TOGGLED,
    TURN,
    VERB,
    Array,
    Bump,
    End,
    Life,
    Lives,
    Mode,
    X,
    Y,
)
from .mission import is_fulfilled, judge
from .notes import Notes
from .params import Verb
from .people import step_people
from .plan import Plan
from .reward import reward
from .sensors import look, scan
from .setting import Level, Scratch, begin_life

ABSENT = Mode.ABSENT
NO_BUMP, BUMP_THING, BUMP_PERSON = Bump.NONE, Bump.THING, Bump.PERSON
END_RUNNING, END_DONE, END_TIME = End.RUNNING, End.DONE, End.TIME
GO_TO_POINT = int(Verb.GO_TO_POINT)
GRIP, GRIP_ANY = 0.33, -2  # of the continuous gripper; a grip that takes what there is to do
PERSONAL = 0.6  # [m] between the skins, within which one is too near


@kernel
def begin(
    pool: Pool, lives: Lives, lanes: Array, level: Level, asked: int, scratch: Scratch
) -> None:
    """Starts an episode in these lanes; seed and episode are set already.

    Args:
      asked: row of the home, < 0: drawn.
    """
    for b in lanes:
        begin_life(pool, lives[b], level, asked, scratch)


@kernel
def advance(
    house: House, life: Life, speed: float, turn: float, grip: int, scratch: Scratch
) -> int:
    """Lives one decision; returns how many parts of the mission it fulfilled.

    Args:
      speed, turn: asked of the wheels [m/s], [rad/s]. grip: PICK_UP, DROP_IT, TOGGLE, or anything
        else for nothing.
    """
    flag, tally = life.flag, life.tally
    flag[BUMPED] = NO_BUMP
    flag[TOGGLED] = flag[PICKED] = flag[DROPPED] = -1
    flag[NEAR_PERSON] = 0
    was = (life.body[X], life.body[Y], life.body[HEADING])
    noise = NOISE * normal(life.seed, life.episode, life.step, 0, DRAW_SPEED)
    noise_turn = NOISE * normal(life.seed, life.episode, life.step, 0, DRAW_TURN)
    noise, noise_turn = max(noise, -0.6), max(noise_turn, -0.6)
    for _ in range(SUBSTEPS):
        step_people(house, life, scratch.way, scratch.field, scratch.queue)
        bump = move_robot(life, speed, turn, noise, noise_turn)
        if bump > flag[BUMPED]:
            flag[BUMPED] = bump
        for i in range(life.people):
            if life.person_flag[i, P_MODE] != ABSENT:
                dx, dy = life.person[i, P_X] - life.body[X], life.person[i, P_Y] - life.body[Y]
                if dx * dx + dy * dy < (PERSONAL + RADIUS + PERSON_RADIUS) ** 2:
                    flag[NEAR_PERSON] = 1
                    tally[T_SPACE] += DT
                    break
    count_odometry(life, was)
    use_gripper(house, life, grip)
    life.step += 1
    tally[T_DECISIONS] += 1
    if flag[BUMPED] == BUMP_PERSON:
        tally[T_PERSON] += 1
    elif flag[BUMPED] == BUMP_THING:
        tally[T_PUSHES] += 1
    elif flag[BUMPED] != NO_BUMP:
        tally[T_BUMPS] += 1
    marked = judge(house, life)
    if is_fulfilled(life):
        flag[END] = END_DONE
    elif life.step >= life.limit:
        flag[END] = END_TIME
    return marked


@kernel
def controls(action: Array, is_discrete: bool) -> tuple[float, float, int]:
    """Returns the speed [m/s] and turn [rad/s] that an action row asks for, and its grip.

    Args:
      action: [1] index, or [3] speed, turn and gripper in [-1, 1]: above .33 it picks up or
        toggles, whichever there is to do; below -.33 it drops.
    """
    if is_discrete:
        index = int(action[0])
        speed, turn = wheels(index)
        return speed, turn, index
    speed = action[0] * (SPEED_MAX if action[0] > 0.0 else BACK_MAX)
    grip = FORWARD
    if action[2] > GRIP:
        grip = GRIP_ANY
    elif action[2] < -GRIP:
        grip = DROP_IT
    return speed, action[1] * TURN_MAX, grip


@kernel
def _tell(pool: Pool, life: Life, plan: Plan, b: int, notes: Notes) -> None:
    """Lets the sensors look, and fills the notes of life b."""
    house = pool[life.home]
    scan(life, notes.lidar[b])
    look(house, life)
    describe(house, life, plan, b, notes)


@kernel
def live(
    pool: Pool, lives: Lives, plan: Plan, scratch: Scratch, notes: Notes, is_discrete: bool,
    actions: Array, factors: Array, terms: Array, rewards: Array, ends: Array,
) -> None:  # fmt: skip
    """Lives one decision in every lane.

    Args:
      plan: the true plans. scratch: working memory of this thread.
      actions: [B, 1] indices or [B, 3] in [-1, 1].
      factors: reward weights [R]; terms [B, R], rewards [B] float64 and ends bool [2, B]
        (terminated, truncated) are filled.
    """
    for b in range(lives.shape[0]):
        life = lives[b]
        house = pool[life.home]
        before = notes.away[b]
        task, target = plan.task[b], plan.target[b]
        speed, turn, grip = controls(actions[b], is_discrete)
        if grip == GRIP_ANY:
            free = life.flag[CARRIED] < 0 and thing_ahead(life) >= 0
            grip = PICK_UP if free else TOGGLE
        marked = advance(house, life, speed, turn, grip, scratch)
        _tell(pool, life, plan, b, notes)
        chart(life, notes.lidar[b])
        is_same = plan.task[b] == task and plan.target[b] == target and marked == 0
        gained = before - notes.away[b] if is_same and min(before, notes.away[b]) >= 0.0 else 0.0
        if marked > 0 and life.flag[END] == END_RUNNING:
            life.tally[T_SHORTEST] += max(notes.away[b], 0.0)
        rewards[b] = reward(life, gained, marked, factors, terms[b])
        end = life.flag[END]
        ends[0, b] = end == END_DONE
        ends[1, b] = end == END_TIME


@kernel
def describe_lanes(
    pool: Pool, lives: Lives, plan: Plan, notes: Notes, lanes: Array, is_restored: bool
) -> None:
    """Fills the notes of these lanes anew; lives that were restored go on with the plan that they
    had."""
    for b in lanes:
        life = lives[b]
        if is_restored:
            repeat_plan(pool[life.home], life, plan, b, notes)
        else:
            notes.stamp[b, 0] = -1
        _tell(pool, life, plan, b, notes)
        if not is_charted(life):
            chart(life, notes.lidar[b])
        if life.step == 0:
            life.tally[T_SHORTEST] = max(notes.away[b], 0.0)


@kernel
def read_state(lives: Lives, state: Array) -> None:
    """Fills the observation's state f32[B, 19], as `declare.STATE` names it."""
    for b in range(lives.shape[0]):
        life = lives[b]
        body, row = life.body, state[b]
        row[:] = 0.0
        row[0], row[1] = body[SPEED], body[TURN]
        row[2], row[3] = body[ODO_X], body[ODO_Y]
        row[4], row[5] = np.cos(body[ODO_HEADING]), np.sin(body[ODO_HEADING])
        row[6] = 1.0 if life.flag[BUMPED] != NO_BUMP else 0.0
        if life.part[0, VERB] == GO_TO_POINT:  # where it is, by odometry
            gx, gy = life.goal[0] - life.start[0], life.goal[1] - life.start[1]
            c, s = np.cos(life.start[2]), np.sin(life.start[2])
            dx, dy = c * gx + s * gy - body[ODO_X], c * gy - s * gx - body[ODO_Y]
            away = np.hypot(dx, dy)
            c, s = row[4], row[5]
            row[7] = away
            if away > 1e-6:
                row[8], row[9] = (c * dx + s * dy) / away, (c * dy - s * dx) / away
        held = life.flag[CARRIED]
        if held >= 0:
            row[9 + life.thing_flag[held, T_KIND]] = 1.0
            row[13 + life.thing_flag[held, T_COLOUR]] = 1.0
