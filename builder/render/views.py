"""What the templates see: plain values, computed here and in the modules of each target; templates only print them."""

from __future__ import annotations

from builder.render.csharp import native_view, wrapper_view
from builder.render.jslib import jslib_view
from builder.spec import ModelSpec, RuntimeFiles


def package_view(runtime: RuntimeFiles) -> dict[str, object]:
    """For `com.tfjsbridge.runtime`: the same for every model of a project."""
    return {**native_view(), **jslib_view(runtime)}


def model_view(spec: ModelSpec, contract_sha256: str) -> dict[str, object]:
    """For `com.tfjsbridge.models`: the model's own class. `contract_sha256` is that of the contract's bytes, in hex."""
    return wrapper_view(spec, contract_sha256)
