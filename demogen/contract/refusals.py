"""The ledger's error codes (contract sections 10 and 13): what each means, and which of them may be tried again.

One table. Statuses differ between versions, codes hardly: so judge by the code, and take the status from here only
to show or to check it. Titles are the server's own where recorded; the meanings are ours. May import: nothing.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Dialect = Literal["v3.8", "v4"]


class Refusal(NamedTuple):
    """One error code. `statuses` are those of v3.8 and of v4; `meaning` ends the sentence "the ledger said no: …"."""

    title: str
    meaning: str
    statuses: tuple[int, int]
    retryable: bool = False

    def status(self, dialect: Dialect) -> int:
        """The HTTP status that comes with this code there."""
        return self.statuses[1 if dialect == "v4" else 0]


def meaning(code: str) -> str:
    """What a code means, in our words; says so where the code is not in the table."""
    known = REFUSALS.get(code)
    return known.meaning if known else f"code {code or 'missing'}, which this version of demogen does not know"


def may_retry(code: str, status: int) -> bool:
    """Whether the same request under the same key may be sent again (contract 10): a race or a server fault."""
    known = REFUSALS.get(code)
    return status >= 500 or (known is not None and known.retryable)


def _is(status: int, title: str, meaning: str, *, v4: int = 0, retryable: bool = False) -> Refusal:
    return Refusal(title, meaning, (status, v4 or status), retryable or status >= 500)


# The last three are v3.8's answers from outside the ledger proper; v4 has 0484, 0485 and 0046 for them.
REFUSALS: dict[str, Refusal] = {
    "0002": _is(409, "Ledger Name Conflict", "the organization already has a ledger of that name"),
    "0003": _is(409, "Asset Name or Code Duplicate", "the ledger already has an asset of that name or code"),
    "0004": _is(400, "Code Uppercase Requirement", "an asset code in lower case"),
    "0005": _is(400, "Currency Code Standard Compliance", "a currency whose code ISO 4217 does not have"),
    "0007": _is(404, "Entity Not Found", "an id that names nothing here"),
    "0009": _is(400, "Missing Fields in Request", "a required field is absent"),
    "0012": _is(400, "Account Balance Deletion Error", "the account holds money or moved some this hour", v4=422),
    "0015": _is(409, "Duplicate Segment Name Error", "the ledger already has a segment of that name"),
    "0018": _is(422, "Insufficient Funds Error", "a source has less available than it was to give"),
    "0019": _is(422, "Account Ineligibility Error", "a leg names an alias or balance key that does not exist"),
    "0020": _is(409, "Alias Unavailability Error", "the alias already names another account"),
    "0024": _is(400, "Account Status Transaction Restriction", "a balance may not send, or may not receive", v4=422),
    "0029": _is(400, "Invalid Parent Account ID", "the parent account does not exist"),
    "0030": _is(400, "Mismatched Asset Code", "the parent account holds another asset", v4=422),
    "0032": _is(400, "Invalid Country Code", "an address without an ISO 3166-1 country of two capitals"),
    "0033": _is(400, "Invalid Code Format", "an asset code with something other than letters"),
    "0034": _is(404, "Asset Code Not Found", "an asset that the ledger, or the balance of a leg, does not have"),
    "0036": _is(404, "Segment ID Not Found", "the account's segment does not exist"),
    "0037": _is(404, "Ledger ID Not Found", "the asset's ledger does not exist"),
    "0038": _is(404, "Organization ID Not Found", "the ledger's organization does not exist"),
    "0039": _is(404, "Parent Organization ID Not Found", "the parent organization does not exist"),
    "0040": _is(400, "Invalid Type", "an asset type other than currency, crypto, commodity, others"),
    "0041": _is(401, "Token Missing", "the ledger wants a bearer token and got none"),
    "0042": _is(401, "Invalid Token", "the bearer token is wrong or has expired"),
    "0043": _is(403, "Insufficient Privileges", "the bearer token does not allow this"),
    "0046": _is(500, "Internal Server Error", "the server failed; what it had done by then is not known"),
    "0047": _is(400, "Bad Request", "a field breaks its rule (length, form, range)"),
    "0048": _is(
        400, "Invalid DSL File Format", "the Gold script has an error, or was not sent as a .gold file in the field dsl"
    ),
    "0049": _is(400, "Empty DSL File", "the Gold script is empty"),
    "0050": _is(400, "Metadata Key Length Exceeded", "a metadata key of more than 100 bytes"),
    "0051": _is(400, "Metadata Value Length Exceeded", "a metadata value of more than 2,000 bytes, or null, or a list"),
    "0053": _is(
        400, "Unexpected Fields in the Request", "an unknown field, an empty optional one, an amount as a number"
    ),
    "0056": _is(404, "No Assets Found", "no asset has that metadata"),
    "0057": _is(404, "No Segments Found", "no segment has that metadata"),
    "0058": _is(404, "No Portfolios Found", "no portfolio has that metadata"),
    "0059": _is(404, "No Organizations Found", "no organization has that metadata"),
    "0060": _is(404, "No Ledgers Found", "no ledger has that metadata"),
    "0061": _is(404, "Balance Update Failed", "the server lost its cached balances half-way"),
    "0064": _is(404, "No Accounts Found", "no account has that metadata"),
    "0065": _is(400, "Invalid Path Parameter", "an id in the path is not a UUID"),
    "0066": _is(400, "Invalid Account Type", "the ledger checks account types and does not have this one"),
    "0067": _is(400, "Invalid Metadata Nesting", "a metadata value is itself an object or a list"),
    "0072": _is(400, "Invalid Transaction Type", "a leg without exactly one of amount, share and remaining"),
    "0073": _is(400, "Transaction Value Mismatch", "the legs of one side do not add up to the value sent", v4=422),
    "0074": _is(400, "External Account Modification Prohibited", "external accounts stay as they are", v4=422),
    "0078": _is(400, "Invalid Final Date Error", "the end date is before the start date"),
    "0080": _is(400, "Pagination Limit Exceeded", "more than 100 items asked for on one page"),
    "0081": _is(400, "Invalid Sort Order", "a sort order other than asc and desc"),
    "0082": _is(400, "Invalid Query Parameter", "a query parameter that cannot be read"),
    "0083": _is(400, "Invalid Date Range Error", "a start date without an end date, or the other way round"),
    "0084": _is(409, "Duplicate Idempotency Key", "the first request under this key is still running", retryable=True),
    "0085": _is(404, "Account Alias Not Found", "no account has that alias"),
    "0086": _is(400, "Race condition detected", "balances changed between check and booking", v4=422, retryable=True),
    "0087": _is(400, "Transaction Revert already exist", "the transaction has been reverted before", v4=409),
    "0088": _is(400, "Transaction is already a reversal", "a reversal cannot be reverted", v4=409),
    "0089": _is(400, "Transaction can't be reverted", "the transaction has nothing that could be reverted", v4=422),
    "0090": _is(400, "Transaction ambiguous account", "one balance stands at the same place on both sides", v4=422),
    "0093": _is(400, "Balance cannot be deleted", "the balance still holds money", v4=409),
    "0094": _is(400, "Unmarshalling error", "the body is not JSON, or a value has the wrong type or form"),
    "0095": _is(500, "Message Broker Unavailable", "writing failed; whether the transaction is booked is not known"),
    "0096": _is(400, "Invalid Account Alias", "an alias with something other than letters, digits and @ : _ -"),
    "0098": _is(422, "Invalid Pending Transaction", "money outside the ledger cannot be held"),
    "0099": _is(422, "Invalid Transaction Status", "the transaction is not where this step could start", v4=409),
    "0101": _is(404, "Operation Route Not Found", "the operation route does not exist"),
    "0103": _is(400, "Invalid Operation Route Type", "an operation type other than source, destination, bidirectional"),
    "0105": _is(404, "Transaction Route Not Found", "the transaction route does not exist"),
    "0107": _is(422, "Operation Route Linked to Transaction Routes", "a transaction route still uses this route"),
    "0108": _is(409, "Duplicate Account Type Key Value Error", "the ledger has an account type of that key value"),
    "0109": _is(404, "Account Type Not Found Error", "the account type does not exist"),
    "0111": _is(400, "Invalid Account Rule Type", "an account rule other than alias and account_type"),
    "0112": _is(400, "Invalid Account Rule Value", "the account rule's value does not fit its type"),
    "0114": _is(422, "Transaction Route Not Informed", "the ledger checks routes and the transaction names none"),
    "0115": _is(400, "Invalid Transaction Route ID", "the transaction's route is not a UUID"),
    "0116": _is(422, "Accounting Route Count Mismatch", "the legs do not use exactly the routes of this action"),
    "0117": _is(422, "Accounting Route Not Found", "a leg's route serves the other side or another transaction route"),
    "0118": _is(422, "Accounting Alias Validation Failed", "a leg's alias is not the one that its route allows"),
    "0119": _is(422, "Accounting Account Type Validation Failed", "a leg's account type is not one its route allows"),
    "0120": _is(400, "Invalid Characters", "a key value with something other than letters, digits, _ and -"),
    "0121": _is(400, "Invalid Future Date Error", "the transaction is dated in the future"),
    "0122": _is(400, "Invalid Field for Pending Transaction Error", "a pending transaction cannot be dated"),
    "0123": _is(409, "Duplicated Alias Key Value Error", "the account already has a balance under that key"),
    "0124": _is(400, "Additional Balance Creation Not Allowed", "an external account has one balance only", v4=422),
    "0125": _is(422, "Invalid Transaction Value", "the value sent is not above zero"),
    "0127": _is(500, "Account Creation Failed", "the account's first balance could not be made"),
    "0128": _is(500, "Transaction Backup Cache Failed", "the server could not note the transaction in its cache"),
    "0129": _is(500, "Transaction Backup Cache Retrieval Failed", "the server could not read its cached transactions"),
    "0131": _is(400, "Invalid Datetime Format Error", "a date that cannot be read"),
    "0133": _is(404, "Metadata Index Not Found", "the entity has no index on that metadata key"),
    "0138": _is(400, "Invalid Entity Name", "there is no kind of entity by that name"),
    "0139": _is(
        500, "Transaction Backup Cache Marshal Failed", "the server could not spell the transaction for its cache"
    ),
    "0140": _is(400, "Invalid Timestamp", "a balance was asked for as of a future moment"),
    "0141": _is(404, "No Balance Data at Date", "the balance did not exist at that moment"),
    "0142": _is(400, "Missing Required Query Parameter", "a balance history without a date"),
    "0143": _is(400, "Payload Too Large", "the body is larger than the server takes"),
    "0144": _is(400, "JSON Nesting Depth Exceeded", "the body is nested more than ten deep"),
    "0145": _is(400, "JSON Key Count Exceeded", "more than 100 metadata keys in one body, all legs together"),
    "0147": _is(400, "Unknown Settings Field", "the ledger has no such setting"),
    "0148": _is(400, "Invalid Settings Field Type", "a ledger setting of the wrong type"),
    "0149": _is(400, "Settings Field at Root Level", "a ledger setting outside its group"),
    "0150": _is(422, "Route Not Bidirectional", "a revert needs routes that run both ways"),
    "0151": _is(422, "Missing Counterpart", "an operation route lacks its other side"),
    "0152": _is(422, "Direction Route Mismatch", "a leg's direction is not the one of its route"),
    "0153": _is(400, "No Source for Action", "the transaction route has no source for an action"),
    "0154": _is(400, "No Destination for Action", "the transaction route has no destination for an action"),
    "0157": _is(422, "No Routes for Action", "the transaction route has no entries for this action"),
    "0162": _is(422, "Hold On Destination Not Allowed", "a destination route cannot hold"),
    "0163": _is(422, "Incomplete Hold Scenario", "hold, commit and cancel entries come together or not at all"),
    "0164": _is(422, "Direct Scenario Required", "an operation route without a direct entry"),
    "0165": _is(422, "Revert Entries Not Allowed", "revert entries on a route that does not run both ways"),
    "0166": _is(422, "Accounting Entry Side Missing", "an accounting entry lacks the side that its route needs"),
    "0167": _is(422, "Overdraft Limit Exceeded Error", "the source would go below its overdraft limit"),
    "0168": _is(422, "Direct Operation On Internal Balance Error", "a leg on the overdraft's own balance"),
    "0169": _is(422, "Deletion Of Internal Balance Error", "the overdraft's own balance cannot be deleted"),
    "0170": _is(400, "Reserved Balance Key Error", "a balance key that the server keeps for itself", v4=422),
    "0171": _is(400, "Invalid Balance Direction Error", "a balance direction other than credit and debit"),
    "0172": _is(400, "Invalid Balance Settings Error", "overdraft settings that contradict each other"),
    "0173": _is(422, "Overdraft Limit Below Usage Error", "an overdraft limit below what is already used"),
    "0174": _is(422, "Stale Balance Version", "the balance changed between check and booking", retryable=True),
    "0175": _is(422, "Update Of Internal Balance Error", "the overdraft's own balance cannot be changed"),
    "0176": _is(422, "Invalid Settings Field Value", "a setting outside its values (v3.8: no overdraft route)", v4=400),
    "0484": _is(404, "Route Not Found", "the server has no such path"),
    "0485": _is(405, "Method Not Allowed", "the path exists, but not for this method"),
    "0486": _is(409, "Transaction Locked", "the transaction was just committed or cancelled; read it"),
    "0490": _is(422, "Skip Not Permitted", "the ledger does not allow to skip this check"),
    "0491": _is(422, "Holder Required", "the ledger wants every account to name its holder"),
    "0492": _is(422, "Overdraft Route Not Configured", "the ledger checks routes and has none for overdrafts"),
    "CRM-0006": _is(404, "Holder ID Not Found", "the account's holder does not exist"),
    "404": _is(404, "request_failed", "the server has no such path"),
    "405": _is(405, "request_failed", "the path exists, but not for this method"),
    "500": _is(500, "request_failed", "the server failed; what it had done by then is not known"),
}
