#!/usr/bin/env python3
"""Stands in for uv: makes environments of links, and behaves as FAKE_UV says."""

import fcntl
import os
import shutil
import sys
import threading
from pathlib import Path

arguments, behaviour = sys.argv[1:], os.environ.get("FAKE_UV", "")
downloads = Path(os.environ["UV_CACHE_DIR"])
with Path(os.environ["FAKE_UV_CALLS"]).open("a", encoding="utf-8") as calls:
    calls.write(" ".join(arguments) + "\n")

if arguments[:2] == ["python", "find"]:
    if behaviour == "no python":
        sys.exit("error: No interpreter found")
    print(sys.executable)
elif arguments[:2] == ["python", "install"]:
    sys.exit("error: Failed to download\n  cause: dns error")
elif arguments[0] == "venv":
    environment = Path(arguments[-1])
    if "--clear" in arguments and environment.exists():
        shutil.rmtree(environment)
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to(sys.executable)
elif arguments[:2] == ["pip", "sync"]:
    environment = Path(arguments[arguments.index("--python") + 1])
    print("Downloading tensorflow-cpu (197.6MiB)", flush=True)
    known = (downloads / "half").exists()
    downloads.mkdir(parents=True, exist_ok=True)
    (downloads / "half").write_text("half")
    if behaviour == "offline":
        print("error: Failed to fetch: tensorflow\n  cause: dns error: \x1b[31mno such host", file=sys.stderr)
        sys.exit(2)
    if behaviour == "hangs":
        lock = (downloads / "alive").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        print("Downloading for ever", flush=True)
        threading.Event().wait()
    (environment / "resumed").write_text(str(known))
    print("Installed 33 packages in 1s", flush=True)
