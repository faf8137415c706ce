"""Takes the names out of an export: people, firms, tax numbers, streets, aliases. The same name becomes the same word.

Pseudonyms are keyed, so that they cannot be turned back by hashing guesses without the key. May import: kinds.
"""

from __future__ import annotations

import hashlib
from typing import Any

from demogen.population.kinds import Kind

_NAMES = {"legalName": "Organization", "doingBusinessAs": "Organization"}
_METADATA = ("document", "customer_id")


class Anonymiser:
    """Replaces what names somebody. `key` is anybody's choice; the same key gives the same pseudonyms."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(key.encode()).digest()

    def body(self, kind: Kind, body: dict[str, Any], *, position: int) -> dict[str, Any]:
        """The body of an entity without names."""
        plain = dict(body)
        for field, word in _NAMES.items():
            if field in plain:
                plain[field] = f"{word} {self._word(plain[field])}"
        if "legalDocument" in plain:
            plain["legalDocument"] = self.digits(plain["legalDocument"])
        if "address" in plain:
            plain["address"] = {**plain["address"], "line1": "-", "zipCode": plain["address"].get("zipCode", "")[:3]}
        if kind is Kind.ACCOUNT:
            plain["name"] = f"Account {self._word(plain.get('name', ''))}"
            plain["alias"] = self.alias(position)
        if "entityId" in plain:
            plain["entityId"] = self._word(plain["entityId"])
        metadata = {key: value for key, value in plain.get("metadata", {}).items() if key not in _METADATA}
        if "metadata" in plain:
            hidden = {key: self.digits(str(plain["metadata"][key])) for key in _METADATA if key in plain["metadata"]}
            plain["metadata"] = {**metadata, **hidden}
        return plain

    def alias(self, position: int) -> str:
        return f"@account-{position}"

    def digits(self, text: str) -> str:
        """As many digits, none of them telling."""
        number = int.from_bytes(self._hash(text), "big")
        return str(number % 10 ** len(text)).zfill(len(text))

    def _word(self, text: str) -> str:
        return self._hash(text).hex()[:8]

    def _hash(self, text: str) -> bytes:
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).digest()
