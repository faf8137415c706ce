"""Who can exist in a ledger: request bodies with the server's own limits (contract 2, 3, 8, 11).

Requests are pydantic models: what the server would refuse with 0009, 0033, 0040, 0047, 0050, 0053, 0096 or 0120
is refused here first, every problem at once. What comes back is `answers`. Knows no path and no order. May import:
nothing from demogen.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

METADATA_KEY_BYTES_MAX = 100
METADATA_VALUE_BYTES_MAX = 2_000
METADATA_KEYS_MAX = 100

_ISO_4217_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG "
    "HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD "
    "RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX "
    "USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW"
)

#: Active ISO 4217 codes: an asset of type `currency` must be one of them (contract 3.3, code 0005).
ISO_4217 = frozenset(_ISO_4217_CODES.split())

_ALIAS = re.compile(r"[a-zA-Z0-9@:_-]+")


def _alias(text: str) -> str:
    if not _ALIAS.fullmatch(text):
        raise ValueError("an alias is made of letters, digits, @ : _ - (code 0096)")
    if "@external/" in text:
        raise ValueError("an alias must not contain @external/ (code 0047)")
    return text


def _metadata(entries: dict[str, Any]) -> dict[str, Any]:
    if len(entries) > METADATA_KEYS_MAX:
        raise ValueError(f"more than {METADATA_KEYS_MAX} metadata keys (code 0145)")
    for key, value in entries.items():
        if not key or len(key) > METADATA_KEY_BYTES_MAX or len(key.encode()) > METADATA_KEY_BYTES_MAX:
            raise ValueError(f"metadata key {key[:40]!r} is not 1 to {METADATA_KEY_BYTES_MAX} bytes long (code 0050)")
        if type(value) is str and len(value) * 4 > METADATA_VALUE_BYTES_MAX:
            size = len(value.encode())
            if size > METADATA_VALUE_BYTES_MAX:
                raise ValueError(f"metadata value of {key!r} has {size} bytes, more than 2,000 (code 0051)")
    return entries


#: An empty text in an optional field is an "unexpected field" to the server (contract 2.1, code 0053).
Text = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Text100 = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Text250 = Annotated[str, StringConstraints(min_length=1, max_length=250)]
Text500 = Annotated[str, StringConstraints(min_length=1, max_length=500)]
AssetCode = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Z]+$")]
Alias = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_alias)]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Metadata = Annotated[dict[str, bool | int | str], AfterValidator(_metadata)]
AssetType = Literal["currency", "crypto", "commodity", "others"]


class Body(BaseModel):
    """A request body. Frozen; unknown names are refused; spelled in camelCase; None means absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)

    def encode(self) -> bytes:
        """The JSON the server reads: absent fields are left out, never empty (code 0053)."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_none=True)


class Marked(Body):
    """A body that can carry metadata, and so our mark."""

    metadata: Metadata | None = None


class Status(Body):
    """Free text to the server; accounts can only be filtered by ACTIVE, INACTIVE and BLOCKED (contract 2.3)."""

    code: Text100
    description: Text | None = None


class Address(Body):
    """Any field given demands the country (code 0032)."""

    line1: Text
    line2: Text | None = None
    zip_code: Text
    city: Text
    state: Text
    country: CountryCode


class OrganizationInput(Marked):
    """`POST /v1/organizations` (contract 3.1)."""

    legal_name: Text
    legal_document: Text
    doing_business_as: Text | None = None
    parent_organization_id: UUID | None = None
    address: Address | None = None
    status: Status | None = None


class AccountingSettings(Body):
    """Whether the ledger insists on account types and on routes (contract 3.2)."""

    validate_account_type: bool = False
    validate_routes: bool = False


class LedgerSettings(Body):
    """`PATCH L/settings`; never sent on creation, where v4 demands a tracer too (contract 13.3)."""

    accounting: AccountingSettings


class LedgerInput(Marked):
    """`POST O/ledgers`; the name is unique in the organization, ignoring case (contract 3.2, code 0002)."""

    name: Text
    status: Status | None = None


class AssetInput(Marked):
    """`POST L/assets` (contract 3.3). Creates `@external/CODE` as well."""

    name: Text
    type: AssetType
    code: AssetCode
    status: Status | None = None

    @model_validator(mode="after")
    def _currency_is_known(self) -> Self:
        if self.type == "currency" and self.code not in ISO_4217:
            raise ValueError(f"{self.code} is no ISO 4217 currency (code 0005)")
        return self


class AccountTypeInput(Marked):
    """`POST L/account-types`; `key_value` is stored lower case and unique (contract 3.6)."""

    name: Text100
    description: Text500 | None = None
    key_value: Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=r"^[a-zA-Z0-9_-]+$")]


class Rubric(Body):
    """One side of an accounting entry; both parts are required (the vendor's API description, code 0009)."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    description: Annotated[str, StringConstraints(min_length=1, max_length=250)]


class Entry(Body):
    """What an operation route books for one action; a source's `direct` needs a debit (code 0166)."""

    debit: Rubric | None = None
    credit: Rubric | None = None


class AccountingEntries(Body):
    """hold, commit and cancel come together (code 0163)."""

    direct: Entry | None = None
    hold: Entry | None = None
    commit: Entry | None = None
    cancel: Entry | None = None
    revert: Entry | None = None

    @model_validator(mode="after")
    def _two_step_is_whole(self) -> Self:
        if len({entry is None for entry in (self.hold, self.commit, self.cancel)}) > 1:
            raise ValueError("hold, commit and cancel come together (code 0163)")
        return self


class AccountRule(Body):
    """Which accounts a leg of this route may use."""

    rule_type: Literal["alias", "account_type"]
    valid_if: str | list[str]

    @model_validator(mode="after")
    def _value_fits_the_rule(self) -> Self:
        if (self.rule_type == "alias") != isinstance(self.valid_if, str):
            raise ValueError("an alias rule takes one alias, an account_type rule a list (code 0112)")
        return self


class OperationRouteInput(Marked):
    """`POST L/operation-routes` (contract 11)."""

    title: Title
    description: Text250 | None = None
    code: Text100 | None = None
    operation_type: Literal["source", "destination", "bidirectional"]
    account: AccountRule | None = None
    accounting_entries: AccountingEntries | None = None

    @model_validator(mode="after")
    def _entries_fit_the_side(self) -> Self:
        entries, side = self.accounting_entries, self.operation_type
        if entries is None:
            return self
        if entries.revert is not None and side != "bidirectional":
            raise ValueError("only a bidirectional route has a revert entry (code 0165)")
        if entries.hold is not None and side == "destination":
            raise ValueError("a destination has no hold entry (code 0162)")
        direct = entries.direct
        if direct and ((side == "source" and not direct.debit) or (side == "destination" and not direct.credit)):
            raise ValueError(f"the direct entry of a {side} lacks its side (code 0166)")
        return self


class TransactionRouteInput(Marked):
    """`POST L/transaction-routes` (contract 11)."""

    title: Title
    description: Text250 | None = None
    operation_routes: Annotated[list[UUID], Field(min_length=1)]


class PortfolioInput(Marked):
    """`POST L/portfolios` (contract 3.4); the name may repeat."""

    name: Text
    entity_id: Text | None = None
    status: Status | None = None


class SegmentInput(Marked):
    """`POST L/segments` (contract 3.4); the name is unique in the ledger (code 0015)."""

    name: Text
    status: Status | None = None


class AccountInput(Marked):
    """`POST L/accounts` (contract 3.5)."""

    asset_code: AssetCode
    type: Text
    name: Text | None = None
    alias: Alias | None = None
    parent_account_id: UUID | None = None
    portfolio_id: UUID | None = None
    segment_id: UUID | None = None
    entity_id: Text | None = None
    blocked: bool | None = None
    status: Status | None = None


class BalanceInput(Body):
    """`POST L/accounts/{id}/balances` (contract 8.1); the key is stored lower case, `overdraft` is reserved."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[a-z0-9_-]+$")]
    allow_sending: bool | None = None
    allow_receiving: bool | None = None

    @model_validator(mode="after")
    def _key_is_free(self) -> Self:
        if self.key == "overdraft":
            raise ValueError("the balance key overdraft is reserved (code 0170)")
        return self


class OverdraftSettings(Body):
    """Limit and permission come together, the limit above zero (contract 8.4, code 0172)."""

    allow_overdraft: bool
    overdraft_limit_enabled: bool
    overdraft_limit: Annotated[Decimal, Field(gt=0)]


class BalancePatch(Body):
    """`PATCH L/balances/{id}`."""

    allow_sending: bool | None = None
    allow_receiving: bool | None = None
    settings: OverdraftSettings | None = None


class AccountPatch(Marked):
    """`PATCH L/accounts/{id}`; alias, type and asset stay as they are (contract 3.5)."""

    name: Text | None = None
    status: Status | None = None
    blocked: bool | None = None


class Note(Marked):
    """`PATCH L/transactions/{id}` and of an operation: a merge, so that our mark stays (contract 2.1, 4, 5)."""

    description: Text | None = None


class AssetRateInput(Marked):
    """`PUT L/asset-rates` (contract 3.7). `ttl` is not optional here: without it v3.8.0 ends its own process."""

    source_asset: AssetCode = Field(alias="from")
    target_asset: AssetCode = Field(alias="to")
    rate: Annotated[int, Field(gt=0)]
    scale: Annotated[int, Field(ge=0)]
    ttl: Annotated[int, Field(gt=0)]
    source: Text | None = None
    external_id: UUID | None = None
