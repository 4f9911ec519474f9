"""TensorFlow.js as it is, on a page of its own: runs a model folder on given arrays, and measures how long it takes.

Nothing of the game's runtime takes part: no resizing, no normalization, no contract. It is what conversions, quantized
weights and golden vectors are compared with.
"""

from __future__ import annotations

import asyncio
import base64
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Browser, BrowserContext, Page
from playwright.async_api import Error as PlaywrightError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from builder import resources
from builder.errors import NO_MODEL, REFERENCE_FAILED, UserError, fail
from builder.harness.browser import BrowserOptions, heap_bytes, new_context, open_browser
from builder.harness.serve import serve
from builder.harness.text import clean

ReferenceBackend = Literal["cpu", "wasm", "webgl"]
Array: TypeAlias = NDArray[Any]
Inputs: TypeAlias = Mapping[str, Array] | Sequence[Array]

MAX_BYTES = 256 * 1024 * 1024  # of all arrays of one call, in each direction
_MAX_PORTS = 1000
_MAX_NAME = 1000
_MAX_RANK = 8
_DTYPES = {"float32": np.dtype("<f4"), "int32": np.dtype("<i4"), "bool": np.dtype("?")}
_MOUNT = "model"
_Name = Annotated[str, Field(max_length=_MAX_NAME)]
_T = TypeVar("_T")


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Port(_Wire):
    """An input or output; `shape` has -1 for a free size and is None for an unknown rank."""

    name: _Name
    dtype: Annotated[str, AfterValidator(clean)]
    shape: Annotated[list[int], Field(max_length=_MAX_RANK)] | None


class Loaded(_Wire):
    """A model on the page. `ops`: how often each operation (graph) or kind of layer (layers) occurs; `renderer`: what
    draws for webgl, "" for the other backends."""

    renderer: Annotated[str, AfterValidator(clean)]
    inputs: list[Port] = Field(max_length=_MAX_PORTS)
    outputs: list[Port] = Field(max_length=_MAX_PORTS)
    ops: dict[_Name, int]


class _WireArray(_Wire):
    dtype: Literal["float32", "int32", "bool"]
    shape: list[Annotated[int, Field(ge=0)]] = Field(max_length=_MAX_RANK)
    base64: str = Field(max_length=MAX_BYTES * 4 // 3 + 4)

    def array(self) -> Array:
        """Raises: ValueError: where the bytes do not fill the shape."""
        values = np.frombuffer(base64.b64decode(self.base64, validate=True), _DTYPES[self.dtype])
        return values.reshape(self.shape)


_LOADED = TypeAdapter(Loaded)
_OUTPUTS = TypeAdapter(dict[_Name, _WireArray])
_TIMES = TypeAdapter(list[float])

# A refusal comes back as text: an exception that Playwright passes on has the page's stack in it.
_CALL = """async ([name, request]) => {
  try {
    return { answer: await globalThis.tfjsReference[name](request), error: "" };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { answer: null, error: text.slice(0, 1000) || "no reason given" };
  }
}"""


@dataclass(slots=True)
class _Open:
    """The page of the model that is loaded now."""

    context: BrowserContext
    page: Page
    backend: ReferenceBackend
    model: Path


class ReferencePage:
    """Holds one model at a time; made by `reference_page`."""

    def __init__(self, browser: Browser, origin: str, mounts: dict[str, Path], software: bool, timeout: float) -> None:
        self._browser = browser
        self._origin = origin
        self._mounts = mounts
        self._software = software
        self._timeout = timeout
        self._open: _Open | None = None

    async def load(self, model: Path, backend: ReferenceBackend = "wasm") -> Loaded:
        """Loads a model folder, or its JSON file, on a fresh page in place of the former one.

        Raises:
            UserError: NO_MODEL; REFERENCE_FAILED if TensorFlow.js refuses the model or the backend does not start.
        """
        file = model / "model.json" if model.is_dir() else model
        if not file.is_file():
            raise fail(NO_MODEL, model)
        await self.close()
        self._mounts[_MOUNT] = file.parent.resolve(strict=True)
        context = await new_context(self._browser)
        self._open = _Open(context, await context.new_page(), backend, model)
        await self._within("load", self._open.page.goto(f"{self._origin}/reference.html"))
        request = {"url": f"/{_MOUNT}/{quote(file.name)}", "backend": backend, "softwareWebgl": self._software}
        return self._checked("load", _LOADED, await self._call("load", request))

    async def run(self, inputs: Inputs, outputs: Sequence[str] | None = None) -> dict[str, Array]:
        """Raw outputs by name: float32, int32 or bool, of any rank, for inputs by name or in the model's order.

        Arrays of other kinds of numbers are handed over as float32 or int32. `outputs`: names of outputs, or of any
        nodes of a graph; None for all outputs.

        Raises:
            UserError: REFERENCE_FAILED.
        """
        answer = self._checked("run", _OUTPUTS, await self._call("run", self._request(inputs, outputs)))
        try:
            return {name: wire.array() for name, wire in answer.items()}
        except ValueError as error:
            raise self._failure(str(error)) from None

    async def time(self, inputs: Inputs, runs: int = 10, *, warmup: int = 3) -> float:
        """Median milliseconds of an inference, from handing over tensors to having the values of all outputs."""
        request = self._request(inputs, None) | {"runs": runs, "warmup": warmup}
        times = self._checked("time", _TIMES, await self._call("time", request))
        return statistics.median(times)

    @property
    def version(self) -> str:
        """The browser's."""
        return self._browser.version

    async def heap_bytes(self) -> int | None:
        """What the page's JavaScript objects take, garbage not counted. Raises UserError: REFERENCE_FAILED."""
        assert self._open is not None, "load a model first"
        found: int | None = await self._within("run", heap_bytes(self._open.page))
        return found

    async def close(self) -> None:
        """Lets the model go."""
        if self._open is not None:
            await self._open.context.close()
            self._open = None

    # --- talking to the page --------------------------------------------------------------------------------------

    def _request(self, inputs: Inputs, outputs: Sequence[str] | None) -> dict[str, object]:
        arrays = list(inputs.values()) if isinstance(inputs, Mapping) else list(inputs)
        size = sum(array.size * 4 for array in arrays)
        if size > MAX_BYTES:
            msg = f"its inputs hold {size} bytes, more than the {MAX_BYTES} that are handed over"
            raise self._failure(msg)
        wires = [_wire(array) for array in arrays]
        given = dict(zip(inputs, wires, strict=True)) if isinstance(inputs, Mapping) else wires
        return {"inputs": given, "outputs": None if outputs is None else list(outputs), "maxBytes": MAX_BYTES}

    async def _call(self, name: str, request: Mapping[str, object]) -> object:
        assert self._open is not None, "load a model first"
        answer: Any = await self._within(name, self._open.page.evaluate(_CALL, [name, request]))
        if answer["error"]:
            raise self._failure(answer["error"], name)
        return answer["answer"]

    async def _within(self, action: str, call: Any) -> Any:  # noqa: ANN401
        try:
            return await asyncio.wait_for(call, self._timeout)
        except TimeoutError:
            reason = f"the page did not answer within {self._timeout:.0f} s"
        except PlaywrightError as error:
            reason = "the page crashed" if "crash" in error.message.lower() else error.message.partition("\n")[0]
        raise self._failure(reason, action)

    def _checked(self, action: str, kind: TypeAdapter[_T], answer: object) -> _T:
        try:
            return kind.validate_python(answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            msg = f"the page gave an unexpected {place or 'answer'}: {first['msg']}"
            raise self._failure(msg, action) from None

    def _failure(self, reason: str, action: str = "run") -> UserError:
        assert self._open is not None
        text = clean(reason, 500).rstrip(".")
        return fail(REFERENCE_FAILED, self._open.model, action=action, backend=self._open.backend, reason=text)


def _wire(array: Array) -> dict[str, object]:
    kind = "bool" if array.dtype == np.bool_ else "float32" if array.dtype.kind == "f" else "int32"
    content = np.ascontiguousarray(array, _DTYPES[kind])
    return {"dtype": kind, "shape": list(array.shape), "base64": base64.b64encode(content.tobytes()).decode("ascii")}


@asynccontextmanager
async def reference_page(
    options: BrowserOptions | None = None, *, timeout: float = 120.0
) -> AsyncIterator[ReferencePage]:
    """A Chromium of its own, cut off from every network, with the reference page in it.

    `options.gpu` says whether webgl may run on a software renderer; `timeout` in seconds holds for each call.

    Raises:
        UserError: NO_BROWSER, DAMAGED_INSTALL.
    """
    chosen = options or BrowserOptions()
    mounts: dict[str, Path] = {}
    async with AsyncExitStack() as stack:
        origin = stack.enter_context(serve(resources.reference(), mounts=mounts))
        browser = await stack.enter_async_context(open_browser(origin, chosen))
        page = ReferencePage(browser, origin, mounts, chosen.gpu == "software", timeout)
        stack.push_async_callback(page.close)
        yield page
