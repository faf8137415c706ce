"""Ledgers and their settings (contract 3.2, 13.3).

May import: demogen.sandbox.
"""

from __future__ import annotations

from typing import Any

import msgspec

from demogen.sandbox.body.check import check_free, read
from demogen.sandbox.body.shape import (
    LOOSE_METADATA,
    METADATA,
    PLAIN_FLAG,
    STATUS,
    Field,
    Kind,
    Shape,
    plain,
    required,
)
from demogen.sandbox.entities.resource import Resource, base, created, status_filter, status_of
from demogen.sandbox.http import Call, Reply, answer
from demogen.sandbox.refusal import BodyMissing, Refusal
from demogen.sandbox.store.documents import Document, field_starts
from demogen.sandbox.world import World

_SETTINGS_MAX_BYTES = 65_536
_PATCH = Shape({"name": plain(max_length=256), "status": STATUS, "metadata": LOOSE_METADATA})
Settings = dict[str, dict[str, Any]]


def _create_shape(world: World) -> Shape:
    groups = {
        group: Field(
            Kind.OBJECT, takes_null=False, shape=Shape({name: _setting(value) for name, value in defaults.items()})
        )
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
        return PLAIN_FLAG
    return Field(Kind.INT, takes_null=False) if isinstance(default, int) else plain()


def create(world: World, call: Call) -> Reply:
    """POST O/ledgers (contract 3.2)."""
    body = read(call, _create_shape(world))
    organization = call.keys["organization_id"]
    name = body["name"]
    if world.name_is_taken("ledger", organization, name.lower()):
        raise Refusal("0002", entity="Ledger")
    fields = {
        "name": name,
        "organizationId": world.spell(organization),
        "status": status_of(body.get("status")),
    }
    if body.get("settings") is not None:
        settings = _created_settings(world, body["settings"])
        if settings != _defaults(world):
            fields["settings"] = settings
    if not world.documents.ever("organization", organization):
        raise Refusal("0038", entity="Ledger")
    key = world.ids.issue()
    return created(
        world, Document(key, "ledger", organization, name.lower(), base(world, fields, body.get("metadata")))
    )


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


def _merge(world: World, settings: Settings, sent: dict[str, Any]) -> None:
    """Deep merge; null sets a group or a value back to its default; values judged (0176)."""
    for group, values in sent.items():
        defaults = world.dialect.settings_groups[group]
        if values is None:
            settings[group] = dict(defaults)
        for name, value in (values or {}).items():
            allowed = world.dialect.settings_values.get(f"{group}.{name}")
            if value is not None and allowed is not None and value not in allowed:
                raise Refusal("0176", detail=f"{group}.{name} must be one of the values that exist.")
            settings[group][name] = defaults[name] if value is None else type(defaults[name])(value)


def _patch(world: World, call: Call, document: Document, body: dict[str, Any]) -> None:  # noqa: ARG001 - a hook's shape
    """A new name is not held against those of other ledgers, unlike on create."""
    if body.get("name"):
        document.name = body["name"].lower()


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
    if sent is None:
        sent = {}
    if not isinstance(sent, dict):
        raise Refusal("0094")
    check_free(sent)
    _judge_settings(world, sent)
    document = _ledger(world, call)
    settings = world.settings(call)
    _merge(world, settings, sent)
    changed = Document(document.key, "ledger", document.scope, document.name, dict(document.body))
    if sent:
        changed.body["settings"] = settings
    changed.body["updatedAt"] = world.now_text()
    world.documents.save(changed)
    return answer(200, settings)


def _judge_settings(world: World, sent: dict[str, Any]) -> None:
    groups = world.dialect.settings_groups
    inner = {name for values in groups.values() for name in values}
    for name in sorted(sent):
        if name in inner:
            raise _bad_setting("0149", f"{name} belongs inside a group.")
    for name, values in sent.items():
        if name not in groups:
            raise _bad_setting("0147", f"There is no setting {name}.")
        if values is not None and not isinstance(values, dict):
            raise _bad_setting("0148", f"The setting {name} has the wrong type.")
        for inner_name, value in (values or {}).items():
            if inner_name not in groups[name]:
                raise _bad_setting("0147", f"There is no setting {name}.{inner_name}.")
            if value is not None and not _is_like(value, groups[name][inner_name]):
                raise _bad_setting("0148", f"{name}.{inner_name} has the wrong type.")


def _is_like(value: object, default: object) -> bool:
    """Of the default's type; a number may have a fraction, which is dropped."""
    return type(value) is type(default) or (type(value) is float and type(default) is int)


def _bad_setting(code: str, detail: str) -> Refusal:
    return Refusal(code, entity="LedgerSettings", detail=detail)


LEDGERS = Resource(
    kind="ledger",
    entity="Ledger",
    parameter="ledger_id",
    in_ledger=False,
    patch_shape=_PATCH,
    no_match="0060",
    filters={
        "name": lambda value: field_starts("name", value),
        "status": status_filter("ACTIVE", "INACTIVE", entity="Ledger"),
    },
    searches=("name", "legal_name", "doing_business_as"),
    patch=_patch,
)
