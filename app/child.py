"""Start a program that dies with its parent: `python app/child.py PARENT_PID PROGRAM ARGUMENT...`.

Linux tells a process of its parent's death (prctl(2), PR_SET_PDEATHSIG); it survives the exec.
Trap: the "parent" there is the *thread* that started the child, so the supervisor starts children from
its main thread. Elsewhere this process stays beside the program and watches its parent's id.

Imports nothing of the project: it must start in milliseconds, without site-packages.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import sys
import time
from types import FrameType

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> int:
    """Become the program (Linux) or run it (elsewhere). 1 when the parent is already gone."""
    parent, command = int(arguments[0]), arguments[1:]
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            return 1
        os.execv(command[0], command)
    return watch(parent, command)


def watch(parent: int, command: list[str]) -> int:
    """Run the program until it ends; end it when we are told to or the parent has gone."""
    child = subprocess.Popen(command, close_fds=False)

    def stop(_number: int, _frame: FrameType | None) -> None:
        child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while (code := child.poll()) is None:
        if os.getppid() != parent:
            child.terminate()
        time.sleep(0.2)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
