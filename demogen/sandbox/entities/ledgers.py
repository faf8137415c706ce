"""Ledgers and their settings (contract 3.2, 13.3).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

import msgspec

from demogen.sandbox.body.check import read
from demogen.sandbox.body.shape import (
    METADATA,
    PATCHED_METADATA,
    STATUS,
    Field,
    Kind,
    Shape,
    nullable,
    required,
)
from demogen.sandbox.entities.resource import Resource, base, created, status_of
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.refusal import BodyMissing, Refusal
from demogen.sandbox.store.documents import Document, field_is, field_starts
from demogen.sandbox.world import World

_SETTINGS_MAX_BYTES = 65_536
_PATCH = Shape({"name": nullable(max_length=256), "status": STATUS, "metadata": PATCHED_METADATA})
Settings = dict[str, dict[str, Any]]


def _create_shape(world: World) -> Shape:
    groups = {
        group: Field(Kind.OBJECT, shape=Shape({name: _setting(value) for name, value in defaults.items()}))
        for group, defaults in world.dialect.settings_groups.items()
    }
    return Shape(
        {
            "name": required(max_length=256),
            "status": STATUS,
            "metadata": METADATA,
            "settings": Field(Kind.OBJECT, shape=Shape(groups)),
        }
    )


def _setting(default: object) -> Field:
    if isinstance(default, bool):
        return Field(Kind.BOOL)
    return Field(Kind.INT) if isinstance(default, int) else nullable()


def create(world: World, call: Call) -> Reply:
    """POST O/ledgers (contract 3.2)."""
    body = read(call.body, _create_shape(world))
    organization = call.keys["organization_id"]
    if world.documents.get("organization", 0, organization) is None:
        raise Refusal("0038", entity="Ledger")
    name = body["name"]
    _judge_name(world, organization, name)
    fields = {
        "name": name,
        "organizationId": world.spell(organization),
        "status": status_of(body.get("status")),
    }
    if body.get("settings") is not None:
        settings = _created_settings(world, body["settings"])
        if settings != _defaults(world):
            fields["settings"] = settings
    document = Document(
        world.ids.issue(), "ledger", organization, name.casefold(), base(world, fields, body.get("metadata"))
    )
    return created(world, document)


def _judge_name(world: World, organization: int, name: str) -> None:
    if world.documents.named("ledger", organization, name.casefold()) is not None:
        raise Refusal("0002", entity="Ledger")


def _defaults(world: World) -> Settings:
    return {group: dict(values) for group, values in world.dialect.settings_groups.items()}


def _created_settings(world: World, sent: Settings) -> Settings:
    for path in world.dialect.create_settings_need:
        group, _, name = path.partition(".")
        if not (sent.get(group) or {}).get(name):
            raise Refusal("0176", detail=f"{path} must be one of the values that exist.")
    settings = _defaults(world)
    if world.dialect.create_settings_need and "timeoutMs" not in (sent.get("tracer") or {}):
        settings["tracer"]["timeoutMs"] = 0
    _merge(world, settings, sent)
    return settings


def _merge(world: World, settings: Settings, sent: Settings) -> None:
    """Deep merge, values judged (0176)."""
    for group, values in sent.items():
        for name, value in (values or {}).items():
            allowed = world.dialect.settings_values.get(f"{group}.{name}")
            if value is None:
                continue
            if allowed is not None and value not in allowed:
                raise Refusal("0176", detail=f"{group}.{name} must be one of the values that exist.")
            settings[group][name] = value


def _patch(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:
    name = body.get("name")
    if name and name.casefold() != document.name:
        _judge_name(world, call.keys["organization_id"], name)
        document.name = name.casefold()


def _ledger(world: World, call: Call) -> Document:
    document = world.ledger_document(call)
    if document is None:
        raise Refusal("0007", entity="Ledger")
    return document


def read_settings(world: World, call: Call) -> Reply:
    """GET L/settings: always in full (contract 3.2)."""
    _ledger(world, call)
    return answer(200, world.settings(call))


def patch_settings(world: World, call: Call) -> Reply:
    """PATCH L/settings: deep merge; unknown, misplaced and mistyped names have their own codes (contract 3.2)."""
    if len(call.body) > _SETTINGS_MAX_BYTES:
        raise Refusal("0143", entity="request")
    if not call.body:
        raise BodyMissing
    try:
        sent = msgspec.json.decode(call.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal("0094") from error
    if not isinstance(sent, dict):
        raise Refusal("0094")
    document = _ledger(world, call)
    _judge_settings(world, sent)
    settings = world.settings(call)
    _merge(world, settings, sent)
    if sent:
        changed = Document(document.key, "ledger", document.scope, document.name, dict(document.body))
        if settings != _defaults(world) or "settings" in document.body:
            changed.body["settings"] = settings
        changed.body["updatedAt"] = world.now_text()
        world.documents.save(changed)
    return answer(200, settings)


def _judge_settings(world: World, sent: dict[str, Any]) -> None:
    groups = world.dialect.settings_groups
    inner = {name for values in groups.values() for name in values}
    for name, values in sent.items():
        if name not in groups:
            code = "0149" if name in inner else "0147"
            raise Refusal(code, entity="LedgerSettings", detail=f"There is no setting {name} at this place.")
        if not isinstance(values, dict):
            raise Refusal("0148", entity="LedgerSettings", detail=f"The setting {name} has the wrong type.")
        for inner_name, value in values.items():
            default = groups[name].get(inner_name)
            if default is None:
                raise Refusal("0147", entity="LedgerSettings", detail=f"There is no setting {name}.{inner_name}.")
            if type(value) is not type(default):
                raise Refusal("0148", entity="LedgerSettings", detail=f"{name}.{inner_name} has the wrong type.")


LEDGERS = Resource(
    kind="ledger",
    entity="Ledger",
    parameter="ledger_id",
    in_ledger=False,
    patch_shape=_PATCH,
    no_match="0060",
    filters={
        "name": lambda value: field_starts("name", value),
        "status": lambda value: field_is("status.code", value),
    },
    patch=_patch,
)
