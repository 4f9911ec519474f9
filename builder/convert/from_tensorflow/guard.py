"""Run as a script, `guard.py COMMAND …`: the command ends when whoever asked is gone, killed without a word too.

It stands between this tool and a program that does not watch its stdin; its own stays open as long as the asker lives.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


def main() -> None:
    try:
        child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
    except OSError as error:
        sys.exit(f"error: it does not start ({error.strerror})")
    threading.Thread(target=_watch, args=(child,), daemon=True).start()
    sys.exit(child.wait())


def _watch(child: subprocess.Popen[bytes]) -> None:
    """Ends the child, and its children where they form a group with this process."""
    os.read(sys.stdin.fileno(), 1)
    if sys.platform == "win32":
        child.kill()
    else:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
