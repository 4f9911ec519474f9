"""Published models that are not what they should be: copies whose files were changed, with their contract or not."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

Change = Callable[[dict[str, Any]], object]


def models_of(build: Path) -> Path:
    """Where a published build has its models and the runtime."""
    return build / "StreamingAssets" / "tfjs-bridge"


def model_copy(build: Path, slug: str, name: str) -> Path:
    """A second copy of a model's folder in the same build, under `name`."""
    models = models_of(build)
    return Path(shutil.copytree(models / slug, models / name))


def only_shard(folder: Path) -> Path:
    """The model's one shard."""
    (shard,) = folder.glob("*.bin")
    return shard


def rewrite(path: Path, change: Change) -> None:
    """Changes a JSON file."""
    value = json.loads(path.read_text("utf-8"))
    change(value)
    path.write_text(json.dumps(value), "utf-8")


def rewrite_model(folder: Path, change: Change) -> None:
    """Changes `model.json`, and the contract so that it still fits: only TensorFlow.js can object."""
    topology = folder / "model.json"
    rewrite(topology, change)
    content = topology.read_bytes()
    facts = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewrite(folder / "contract.json", lambda contract: contract["model"]["files"]["topology"].update(facts))
