"""What the server would refuse is refused before it is sent, with the server's own code in the message."""

import pytest
from pydantic import ValidationError

from demogen.contract.entities import (
    AccountInput,
    AccountTypeInput,
    AssetInput,
    AssetRateInput,
    BalanceInput,
    LedgerInput,
    OperationRouteInput,
    OrganizationInput,
)

RUBRIC = {"code": "1", "description": "Cash"}
ROUTE = {"title": "Out", "operationType": "source"}


@pytest.mark.parametrize(
    ("model", "body", "told"),
    [
        pytest.param(AssetInput, {"name": "x", "type": "currency", "code": "ZZZ"}, "0005", id="no such currency"),
        pytest.param(AssetInput, {"name": "x", "type": "others", "code": "T1"}, "pattern", id="digit in the code"),
        pytest.param(AssetInput, {"name": "x", "type": "others", "code": "usd"}, "pattern", id="lower-case code"),
        pytest.param(AssetInput, {"name": "x", "type": "fiat", "code": "USD"}, "currency", id="unknown asset type"),
        pytest.param(LedgerInput, {"name": ""}, "at least 1", id="empty text is unexpected to the server"),
        pytest.param(LedgerInput, {"name": "x" * 257}, "at most 256", id="name too long"),
        pytest.param(LedgerInput, {"name": "x", "settings": {}}, "settings", id="settings at creation"),
        pytest.param(LedgerInput, {"name": "x", "metadata": {"k" * 101: "v"}}, "0050", id="metadata key too long"),
        pytest.param(LedgerInput, {"name": "x", "metadata": {"k": "é" * 1001}}, "0051", id="metadata value in bytes"),
        pytest.param(LedgerInput, {"name": "x", "metadata": {"k": {"a": 1}}}, "metadata", id="nested metadata"),
        pytest.param(LedgerInput, {"name": "x", "metadata": {"k": 1.5}}, "metadata", id="a float in metadata"),
        pytest.param(
            LedgerInput, {"name": "x", "metadata": {f"k{n}": n for n in range(101)}}, "0145", id="too many keys"
        ),
        pytest.param(AccountInput, {"assetCode": "USD", "type": "deposit", "alias": "a b"}, "0096", id="alias"),
        pytest.param(
            AccountInput, {"assetCode": "USD", "type": "deposit", "alias": "@externalX"}, None, id="only the prefix"
        ),
        pytest.param(AccountTypeInput, {"name": "x", "keyValue": "a b"}, "pattern", id="key value with a space"),
        pytest.param(AssetRateInput, {"from": "USD", "to": "BRL", "rate": 5, "scale": 0}, "ttl", id="rate without ttl"),
        pytest.param(BalanceInput, {"key": "overdraft"}, "0170", id="reserved balance key"),
        pytest.param(
            OrganizationInput,
            {"legalName": "x", "legalDocument": "1", "address": {"line1": "1 A St"}},
            "country",
            id="address without country",
        ),
        pytest.param(
            OperationRouteInput,
            {**ROUTE, "accountingEntries": {"hold": {"debit": RUBRIC}}},
            "0163",
            id="hold alone",
        ),
        pytest.param(
            OperationRouteInput,
            {**ROUTE, "accountingEntries": {"direct": {"credit": RUBRIC}}},
            "0166",
            id="a source without its debit",
        ),
        pytest.param(
            OperationRouteInput,
            {**ROUTE, "account": {"ruleType": "account_type", "validIf": "deposit"}},
            "0112",
            id="rule value of the wrong kind",
        ),
    ],
)
def test_a_body_the_server_would_refuse_never_leaves(model, body, told):
    if told is None:
        model.model_validate(body)
        return
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    assert told in str(caught.value)


def test_absent_fields_are_left_out_and_names_are_the_servers():
    body = OrganizationInput(
        legal_name="Ipê Pagamentos S.A.",
        legal_document="12345678000195",
        metadata={"demogen_key": "p1-o0", "employees": 40, "regulated": True},
    ).encode()
    assert (
        body
        == (
            '{"metadata":{"demogen_key":"p1-o0","employees":40,"regulated":true},'
            '"legalName":"Ipê Pagamentos S.A.","legalDocument":"12345678000195"}'
        ).encode()
    )


def test_all_problems_come_at_once():
    with pytest.raises(ValidationError) as caught:
        AssetInput.model_validate({"name": "", "type": "gold", "code": "g1", "colour": "red"})
    assert {error["loc"][0] for error in caught.value.errors()} == {"name", "type", "code", "colour"}
