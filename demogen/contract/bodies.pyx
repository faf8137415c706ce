"""The compiled twin of bodies.py: pieces are copied into one buffer, fields are read where they lie."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItem
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_GET_LENGTH
from libc.string cimport memcpy

from demogen.contract.slots cimport field, place_of

from demogen.contract.exchange import Request, Response
from demogen.contract.outcome import Receipt
from demogen.contract.transactions import AccountRef, Action, Intent, LedgerRef, Leg


def _check_shapes():
    """What shapes.pxd takes for granted. Raises ImportError where this Python lays structs out in another way."""
    for struct in (Intent, Leg, AccountRef, LedgerRef, Request, Response, Receipt):
        names = sorted(struct.__struct_fields__)
        if [place_of(struct, name) for name in names] != [
            sizeof(PyObject) + at * sizeof(PyObject *) for at in range(len(names))
        ]:
            raise ImportError(f"{struct} lies otherwise in memory: run `make plain`")


_check_shapes()

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void *PyUnicode_DATA(object text)

cdef object _Intent = Intent
cdef object _Leg = Leg
cdef object _Account = AccountRef
cdef int _LAST_CREATE = Action.UNBLOCK
cdef int _INFLOW = Action.INFLOW
cdef int _OUTFLOW = Action.OUTFLOW
cdef str _DEFAULT = "default"
#: Sides of more legs are kept by `wire`.
DEF LEGS_MAX = 7
DEF ROOM = 4096

cdef Py_ssize_t _action = place_of(Intent, "action")
cdef Py_ssize_t _asset = place_of(Intent, "asset")
cdef Py_ssize_t _scale = place_of(Intent, "scale")
cdef Py_ssize_t _units = place_of(Intent, "units")
cdef Py_ssize_t _sources = place_of(Intent, "sources")
cdef Py_ssize_t _targets = place_of(Intent, "targets")
cdef Py_ssize_t _pending = place_of(Intent, "pending")
cdef Py_ssize_t _description = place_of(Intent, "description")
cdef Py_ssize_t[5] _options = [place_of(Intent, one) for one in ("code", "group", "metadata", "transaction_date", "route_id")]

cdef Py_ssize_t _account = place_of(Leg, "account")
cdef Py_ssize_t _leg_units = place_of(Leg, "units")
cdef Py_ssize_t _share = place_of(Leg, "share")
cdef Py_ssize_t _key = place_of(Leg, "balance_key")
cdef Py_ssize_t[3] _leg_options = [place_of(Leg, one) for one in ("description", "chart_of_accounts", "route_id")]
cdef Py_ssize_t _index = place_of(AccountRef, "index")


cdef struct Text:
    char *at
    char *end


cdef inline bint _put(Text *text, const char *piece, Py_ssize_t size) noexcept:
    if text.end - text.at < size:
        return False
    memcpy(text.at, piece, size)
    text.at += size
    return True


cdef inline bint _put_str(Text *text, str piece) except -1:
    cdef Py_ssize_t size
    cdef const char *start
    if PyUnicode_IS_COMPACT_ASCII(piece):
        return _put(text, <const char *>PyUnicode_DATA(piece), PyUnicode_GET_LENGTH(piece))
    start = PyUnicode_AsUTF8AndSize(piece, &size)
    return _put(text, start, size)


cdef bint _put_number(Text *text, object number, int scale) except -1:
    """A number that is not negative and fits 63 bits, canonical (contract 2.2)."""
    cdef char[40] digits
    cdef char *end = digits + 40
    cdef char *at = end
    cdef int overflow = 0, place = 0
    cdef bint any_yet = False
    cdef long long rest
    if type(number) is not int:
        return False
    rest = PyLong_AsLongLongAndOverflow(number, &overflow)
    if overflow or rest < 0 or scale < 0 or scale > 18:
        return False
    while rest or place <= scale:
        if place == scale and at != end:
            at -= 1
            at[0] = 46  # .
        if any_yet or place >= scale or rest % 10:
            # Zeros at the end of a fraction are left out.
            any_yet = True
            at -= 1
            at[0] = 48 + rest % 10
        rest //= 10
        place += 1
    return _put(text, at, end - at)


cdef bint _put_leg(Text *text, object leg, dict heads, str asset, int scale) except -1:
    cdef PyObject *head
    cdef int option
    if type(leg) is not _Leg:
        return False
    account, units = field(leg, _account), field(leg, _leg_units)
    if type(account) is not _Account or field(leg, _key) != _DEFAULT:
        return False
    for option in range(3):
        if field(leg, _leg_options[option]) != "":
            return False
    head = PyDict_GetItem(heads, field(account, _index))
    if head == NULL or not _put_str(text, <str>head):
        return False
    if units is not None:
        return (
            _put(text, b'"amount":{"asset":"', 19)
            and _put_str(text, asset)
            and _put(text, b'","value":"', 11)
            and _put_number(text, units, scale)
            and _put(text, b'"}}', 3)
        )
    share = field(leg, _share)
    if type(share) is not tuple or share[1]:
        return False
    return _put(text, b'"share":{"percentage":', 22) and _put_number(text, share[0], 0) and _put(text, b"}}", 2)


cdef bint _put_side(
    Text *text, const char *opening, Py_ssize_t size, object legs, dict heads, str asset, int scale
) except -1:
    cdef bint first = True
    if type(legs) is not tuple or len(<tuple>legs) > LEGS_MAX:
        return False
    if not legs:
        return True
    if not _put(text, opening, size):
        return False
    for leg in <tuple>legs:
        if not first and not _put(text, b",", 1):
            return False
        first = False
        if not _put_leg(text, leg, heads, asset, scale):
            return False
    return _put(text, b"]}", 2)


cpdef bytes everyday_body(object intent, str mark, dict heads, dict texts):
    cdef char[ROOM] room
    cdef Text text
    cdef PyObject *description
    cdef int option, action, scale
    if type(intent) is not _Intent:
        return None
    for option in range(5):
        if field(intent, _options[option]):
            return None
    if field(intent, _pending) is not False:
        return None
    action, scale = field(intent, _action), field(intent, _scale)
    if action > _LAST_CREATE:
        return None
    asset, units = field(intent, _asset), field(intent, _units)
    text.at, text.end = room, room + ROOM
    _put(&text, b"{", 1)
    if field(intent, _description) != "":
        description = PyDict_GetItem(texts, field(intent, _description))
        if description == NULL or not _put_str(&text, <str>description):
            return None
    if not (
        _put(&text, b'"metadata":{"demogen_key":"', 27)
        and _put_str(&text, mark)
        and _put(&text, b'"},"send":{"asset":"', 20)
        and _put_str(&text, asset)
        and _put(&text, b'","value":"', 11)
        and _put_number(&text, units, scale)
        and _put(&text, b'"', 1)
    ):
        return None
    if action != _INFLOW and not _put_side(
        &text, b',"source":{"from":[', 19, field(intent, _sources), heads, asset, scale
    ):
        return None
    if action != _OUTFLOW and not _put_side(
        &text, b',"distribute":{"to":[', 21, field(intent, _targets), heads, asset, scale
    ):
        return None
    if not _put(&text, b"}}", 2):
        return None
    return PyBytes_FromStringAndSize(room, text.at - room)
