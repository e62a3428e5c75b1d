"""Sets everything up, then runs every check: ruff, mypy and pytest.

    python3 scripts/test.py [--fast] [pytest's own options ...]

Needs nothing but Python and its venv module. `--fast` leaves out the tests marked slow. The exit
code is 0 if all three passed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

# This file runs as a program, before mindloop is installed: its own folder is on sys.path.
from setup_venv import ROOT, SetupError, prepare, say  # type: ignore[import-not-found]

SIDE_BY_SIDE = ("-n", "auto", "--dist", "loadfile")  # files apart, a process each core


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0 all passed, 1 some check failed, 2 the set-up failed."""
    if "-h" in arguments or "--help" in arguments:
        print(__doc__)
        return 0
    try:
        python = str(prepare(["test"]))
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    marks = ["-m", "not slow"] if "--fast" in arguments else []
    others = [argument for argument in arguments if argument != "--fast"]
    checks = {
        "ruff": ["-m", "ruff", "check", "."],
        "mypy": ["-m", "mypy", "--strict", "agent", "envs", "scripts", "tests"],
        "pytest": ["-m", "pytest", *SIDE_BY_SIDE, *marks, *others],
    }
    # One thread a process: two on these small nets are slower than one.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    failed = []
    for name, command in checks.items():
        say(f"== {name}")
        started = time.monotonic()
        code = subprocess.run([python, *command], cwd=ROOT, env=environment).returncode
        verdict = "passed" if code == 0 else "FAILED"
        say(f"== {name}: {verdict} in {time.monotonic() - started:.0f} s")
        if code != 0:
            failed.append(name)
    say(f"FAILED: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
