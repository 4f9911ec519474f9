"""Unions of dataclasses that one field of theirs tells apart, as pydantic and JSON Schema understand them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler


@dataclass(frozen=True, slots=True)
class TaggedBy:
    """Stands in an `Annotated` union: its members differ in the Literal of the field `name`.

    `pydantic.Field(discriminator=...)` says the same, but would load pydantic with every command.
    """

    name: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:  # noqa: ANN401
        from pydantic import Field

        return handler.generate_schema(Annotated[source, Field(discriminator=self.name)])
