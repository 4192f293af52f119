"""The sandbox as programs know it: its one configuration, and the variables that all tools people write get."""

from app.domain.error import Invalid, NotFound
from app.domain.json_value import JsonObject
from app.domain.sandbox import SandboxConfig as OurConfig
from app.rest.call import AnyCall, Call, Endpoint
from app.rest.wire.base import Nothing
from app.rest.wire.sandbox import (
    HIDDEN,
    SandboxConfig,
    SandboxConfigBody,
    SandboxQuery,
    SandboxVariable,
    SandboxVariableCreate,
    SandboxVariableUpdate,
    config_to_wire,
    variable_to_wire,
)

ELSEWHERE = frozenset({"timeout", "template"})
"""What only sandboxes of hosted services have."""


async def list_configs(call: Call[SandboxQuery, None]) -> list[SandboxConfig]:
    """The configuration of this computer; there is one."""
    return [config_to_wire(await call.services.sandbox_settings.config())]


async def count_configs(call: Call[Nothing, None]) -> int:
    """How many there are: one."""
    return 1


async def create_config(call: Call[Nothing, SandboxConfigBody]) -> SandboxConfig:
    """The one that there is, with what is given."""
    return await _given(call)


async def default_config(call: Call[Nothing, None]) -> SandboxConfig:
    """The one that there is."""
    return config_to_wire(await call.services.sandbox_settings.config())


async def get_config(call: Call[Nothing, None]) -> SandboxConfig:
    """By its id."""
    return config_to_wire(await _known(call))


async def update_config(call: Call[Nothing, SandboxConfigBody]) -> SandboxConfig:
    """Keeps what is given; what the sandbox allows is set for each tool."""
    await _known(call)
    return await _given(call)


async def delete_config(call: Call[Nothing, None]) -> None:
    """Forgets what was given and all variables."""
    await _known(call)
    await call.services.sandbox_settings.reset()


async def list_variables(call: Call[SandboxQuery, None]) -> list[SandboxVariable]:
    """The variables that all tools get, oldest first; their values are never told."""
    config = await _known(call)
    return [variable_to_wire(one, config.id) for one in config.variables][: call.query.limit or None]


async def create_variable(call: Call[Nothing, SandboxVariableCreate]) -> SandboxVariable:
    """A variable that all tools get."""
    config, body = await _known(call), call.body
    made = await call.services.sandbox_settings.add(body.key, body.value, body.description or "")
    return variable_to_wire(made, config.id)


async def update_variable(call: Call[Nothing, SandboxVariableUpdate]) -> SandboxVariable:
    """Changes what is given."""
    settings, body = call.services.sandbox_settings, call.body
    value = None if body.value == HIDDEN else body.value
    changed = await settings.update(call.id("sandbox_env_id"), body.key, value, body.description)
    return variable_to_wire(changed, (await settings.config()).id)


async def delete_variable(call: Call[Nothing, None]) -> None:
    """Forgets it with its value."""
    await call.services.sandbox_settings.remove(call.id("sandbox_env_id"))


async def _known(call: AnyCall) -> OurConfig:
    config, wanted = await call.services.sandbox_settings.config(), call.id("sandbox_config_id")
    if config.id != wanted:
        raise NotFound("There is no such sandbox.", details={"kind": "sandbox", "id": wanted})
    return config


async def _given(call: Call[Nothing, SandboxConfigBody]) -> SandboxConfig:
    values: JsonObject = call.body.config or {}
    if call.body.type not in (None, "local") or ELSEWHERE & set(values):
        raise Invalid("Tools run in the sandbox of this computer, in no other.", hint="Give the config of a local one.")
    if values.get("pip_requirements"):
        raise Invalid("Packages belong to the tool that needs them.", hint="Give them as its pip_requirements.")
    return config_to_wire(await call.services.sandbox_settings.set_values(dict(values)))


_ONE = "/v1/sandbox-config/{sandbox_config_id}"
_VARIABLE = "/v1/sandbox-config/environment-variable/{sandbox_env_id}"
ENDPOINTS = (
    Endpoint("GET", "/v1/sandbox-config", list_configs),
    Endpoint("POST", "/v1/sandbox-config", create_config),
    Endpoint("GET", "/v1/sandbox-config/count", count_configs),
    Endpoint("POST", "/v1/sandbox-config/local", create_config),
    Endpoint("POST", "/v1/sandbox-config/local/default", default_config),
    Endpoint("PATCH", _VARIABLE, update_variable),
    Endpoint("DELETE", _VARIABLE, delete_variable),
    Endpoint("GET", _ONE, get_config),
    Endpoint("PATCH", _ONE, update_config),
    Endpoint("DELETE", _ONE, delete_config),
    Endpoint("GET", f"{_ONE}/environment-variable", list_variables),
    Endpoint("POST", f"{_ONE}/environment-variable", create_variable),
)
