"""The `mindloop` command: finds a program by name, reads its options, runs it.

A user's mistake is shown as a message, never as a traceback, and ends with exit code 2.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import tyro

from mindloop import __version__, headless
from mindloop.errors import UserError, nearest

PROGRAMS = {
    "run": "Live some episodes in a window, in a video or unseen, and print the scores.",
    "evaluate": "Score a driver on many towns, with 95 % intervals.",
    "train": "Train a mind in any environment, from an expert, from reward or from both.",
    "perceive": "Learn to tell images apart, of a world or a folder; a mind can start from it.",
    "play": "Drive yourself with the keyboard.",
    "replay": "Show a record again, exactly.",
    "explain": "Say of a record why the mind did what it did, and on what it believed so.",
    "distill": "Turn a mind's policy into a decision tree that people can read.",
    "study": "Put a question by experiment: whether feeling helps a mind.",
    "bench": "Measure how fast worlds make frames and minds learn, beside others.",
}
"""Each is the module mindloop.NAME with a frozen dataclass `Options` and `main(options)`."""

INTERRUPTED = 130  # what shells give a program that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program that the first argument names, and exits with its code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    os.environ.setdefault("SDL_VIDEO_X11_WMCLASS", "mindloop")  # the name that taskbars group by
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # else pygame greets at every start
    headless.prepare()
    # Appended, not put first: a user's module:Env-v0 is found, and can't replace ours.
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
    try:
        sys.exit(_run(words))
    except UserError as error:
        print(f"mindloop: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("mindloop: stopped.", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `mindloop … | head`: nobody listens any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _run(words: Sequence[str]) -> int:
    """Returns the program's exit code."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"mindloop {__version__}")
        return 0
    name = words[0]
    if name not in PROGRAMS:
        raise UserError(f"There is no program `{name}`. {nearest(name, PROGRAMS)}")
    module = importlib.import_module(f"mindloop.{name}")
    options = tyro.cli(
        module.Options,
        prog=f"mindloop {name}",
        description=module.__doc__,
        args=list(words[1:]),
        config=(tyro.conf.OmitArgPrefixes,),
    )
    return int(module.main(options))


def usage() -> str:
    """Returns what `mindloop --help` says."""
    width = max(map(len, PROGRAMS))
    lines = [f"  {name:<{width}}  {what}" for name, what in PROGRAMS.items()]
    return "\n".join(
        [
            "mindloop: agents that perceive, reason, feel, decide and learn.",
            "",
            "usage: mindloop PROGRAM [options]",
            "",
            *lines,
            "",
            "`mindloop PROGRAM --help` lists a program's options. A first try:",
            "  mindloop run mindloop/Driving-v0 --render video",
        ]
    )


if __name__ == "__main__":
    main()
