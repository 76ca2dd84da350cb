"""What is answered, for the API's document. Answers are built by the rooms, not by these; tests compare them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from treadle.services.post_output import DiagnosisOut as DiagnosisOut


class Open(BaseModel):
    """An answer; later versions may add fields."""

    model_config = ConfigDict(extra="allow")


class Listed(Open):
    data: list[dict[str, Any]]
