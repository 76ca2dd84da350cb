"""What use cases answer: models that build an answer, check it and describe it in the API's document."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

JsonObject: TypeAlias = dict[str, Any]  # JSON that an answer's model made, or whose shape is not ours to say


class ApiModel(BaseModel):
    """An answer. Later versions may add fields, so readers must not refuse those they do not know."""

    model_config = ConfigDict(extra="allow", frozen=True)

    def to_json(self) -> JsonObject:
        """As plain JSON, with the fields that were set."""
        return self.model_dump(exclude_unset=True)
