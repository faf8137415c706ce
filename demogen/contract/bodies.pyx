"""The compiled twin of bodies.py: pieces are copied into one buffer, fields are read where they lie."""

from cpython.bytes cimport PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_GetItem
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_AsUTF8AndSize, PyUnicode_GET_LENGTH
from libc.string cimport memcpy

from demogen.contract.shapes cimport AccountRef, Intent, Leg
from demogen.contract.slots cimport place_of

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

cdef int _LAST_CREATE = Action.UNBLOCK
cdef int _INFLOW = Action.INFLOW
cdef int _OUTFLOW = Action.OUTFLOW
cdef str _DEFAULT = "default"
#: Sides of more legs are kept by `wire`.
DEF LEGS_MAX = 7
DEF ROOM = 4096


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


cdef bint _put_leg(Text *text, object one, dict heads, str asset, int scale) except -1:
    cdef PyObject *head
    cdef Leg leg
    if type(one) is not Leg:
        return False
    leg = <Leg>one
    account, units = leg.account, leg.units
    if type(account) is not AccountRef or leg.balance_key != _DEFAULT:
        return False
    if leg.description != "" or leg.chart_of_accounts != "" or leg.route_id != "":
        return False
    head = PyDict_GetItem(heads, (<AccountRef>account).index)
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
    share = leg.share
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


cpdef bytes everyday_body(object asked, str mark, dict heads, dict texts):
    cdef char[ROOM] room
    cdef Text text
    cdef PyObject *description
    cdef int action, scale
    cdef Intent intent
    if type(asked) is not Intent:
        return None
    intent = <Intent>asked
    if intent.code or intent.group or intent.metadata or intent.transaction_date or intent.route_id:
        return None
    if intent.pending is not False:
        return None
    action, scale = intent.action, intent.scale
    if action > _LAST_CREATE:
        return None
    asset, units = intent.asset, intent.units
    text.at, text.end = room, room + ROOM
    _put(&text, b"{", 1)
    if intent.description != "":
        description = PyDict_GetItem(texts, intent.description)
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
        &text, b',"source":{"from":[', 19, intent.sources, heads, asset, scale
    ):
        return None
    if action != _OUTFLOW and not _put_side(
        &text, b',"distribute":{"to":[', 21, intent.targets, heads, asset, scale
    ):
        return None
    if not _put(&text, b"}}", 2):
        return None
    return PyBytes_FromStringAndSize(room, text.at - room)
