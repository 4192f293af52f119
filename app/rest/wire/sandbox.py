"""The sandbox and its variables on the wire. Values come in and never out."""

from typing import Annotated, Literal

from pydantic import Field

from app.domain.json_value import JsonObject
from app.domain.sandbox import SandboxConfig as OurConfig
from app.domain.sandbox import SandboxVariable as OurVariable
from app.domain.wire_message import iso
from app.rest.wire.base import Audited, Name, PageQuery, RequestModel

HIDDEN = "********"
"""In place of a value; sent back it keeps the value."""
Value = Annotated[str, Field(max_length=100_000)]


class SandboxConfig(Audited):
    id: str
    type: Literal["local"] = "local"
    organization_id: str | None = None
    config: JsonObject


class SandboxConfigBody(RequestModel):
    config: JsonObject | None = None
    type: Name | None = None


class SandboxVariable(Audited):
    id: str
    key: str
    value: str = HIDDEN
    description: str | None
    sandbox_config_id: str
    organization_id: str | None = None


class SandboxVariableCreate(RequestModel):
    key: Name
    value: Value
    description: Name | None = None


class SandboxVariableUpdate(RequestModel):
    key: Name | None = None
    value: Value | None = None
    description: Name | None = None


class SandboxQuery(PageQuery):
    pass


def config_to_wire(config: OurConfig) -> SandboxConfig:
    told: JsonObject = {"sandbox_dir": None, "use_venv": False, "venv_name": "", "pip_requirements": [], **config.given}
    return SandboxConfig(
        id=config.id, config=told, created_at=iso(config.created_at), updated_at=iso(config.updated_at)
    )


def variable_to_wire(variable: OurVariable, config_id: str) -> SandboxVariable:
    return SandboxVariable(
        id=variable.id,
        key=variable.name,
        description=variable.description,
        sandbox_config_id=config_id,
        created_at=iso(variable.created_at),
        updated_at=iso(variable.updated_at),
    )
