"""The compiled twin of entries.py: fields are read where they lie and packed where they are written from."""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_Check
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.string cimport memcpy, memset

from demogen.contract.shapes cimport AccountRef, Intent, LedgerRef, Leg, Receipt
from demogen.record.attempt cimport Attempt
from demogen.record.records cimport Ended, Intended, Legs, Side

from demogen.contract.money import POWERS
from demogen.contract.outcome import Outcome
from demogen.record.records import id_bytes

cdef extern from *:
    """
    #if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "the journal is little-endian: without a compiler it works anywhere"
    #endif
    typedef __int128 demogen_i128;
    /* By table: whether a random digit is a letter, no processor can foresee. */
    static const signed char demogen_hex[256] = {
        ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
        ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
        ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
    };
    /* An id as the ledger writes it: 8-4-4-4-12. Returns 0 where it is spelled in any other way. */
    static int demogen_id(const char *text, unsigned char *into) {
        int at = 0, byte;
        for (byte = 0; byte < 16; byte++) {
            if (byte == 4 || byte == 6 || byte == 8 || byte == 10)
                if (text[at++] != '-') return 0;
            int high = demogen_hex[(unsigned char)text[at++]] - 1, low = demogen_hex[(unsigned char)text[at++]] - 1;
            if (high < 0 || low < 0) return 0;
            into[byte] = (unsigned char)(high << 4 | low);
        }
        return 1;
    }
    /* A share of an amount by contract 4.1. Returns 0 where it is too large or finer than an atto unit. */
    static int demogen_share(demogen_i128 total, long long percentage, long long of, demogen_i128 *share) {
        demogen_i128 product;
        if (__builtin_mul_overflow(total, (demogen_i128)percentage, &product)) return 0;
        if (__builtin_mul_overflow(product, (demogen_i128)(of ? of : 100), &product) || product % 10000) return 0;
        *share = product / 10000;
        return 1;
    }
    """
    ctypedef long long i128 "demogen_i128"
    int demogen_id(const char *text, unsigned char *into)
    int demogen_share(i128 total, long long percentage, long long of_percentage, i128 *share)
    bint __builtin_sub_overflow(i128 left, i128 right, i128 *difference)

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void *PyUnicode_DATA(object text)

#: Flag.REPLAYED and Flag.EXPECTED.
DEF REPLAYED = 256
DEF EXPECTED = 512
DEF U8_MAX = 0xFF
DEF U16_MAX = 0xFFFF
DEF U32_MAX = 0xFFFFFFFF
#: A journal's turn takes less; what a stall has gathered is given back.
DEF KEPT = 1 << 20
DEF LEAST = 4096

cdef int _ACCEPTED = Outcome.ACCEPTED

cdef long long[19] _powers
cdef int _power
for _power in range(19):
    _powers[_power] = POWERS[_power]


@cython.final
cdef class Entries:
    def __cinit__(self):
        self._reserve(LEAST)

    def __dealloc__(self):
        PyMem_Free(self._room)

    cdef unsigned char *_reserve(self, Py_ssize_t more) except NULL:
        """Room for so many more bytes, behind those that are there."""
        cdef Py_ssize_t size
        cdef unsigned char *room
        if self._used + more > self._size:
            if self._exports:
                raise BufferError("entries are being read")
            size = max(2 * self._size, self._used + more)
            room = <unsigned char *>PyMem_Realloc(self._room, size)
            if room == NULL:
                raise MemoryError()
            self._room, self._size = room, size
        return self._room + self._used

    def __iadd__(self, bytes records):
        cdef Py_ssize_t size = PyBytes_GET_SIZE(records)
        memcpy(self._reserve(size), PyBytes_AS_STRING(records), size)
        self._used += size
        return self

    def __len__(self):
        return self._used

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, self._room, self._used, True, flags)
        self._exports += 1

    def __releasebuffer__(self, Py_buffer *view):
        self._exports -= 1

    cpdef clear(self):
        cdef unsigned char *room
        if self._exports:
            raise BufferError("entries are being read")
        self._used = 0
        if self._size > KEPT:
            room = <unsigned char *>PyMem_Realloc(self._room, LEAST)
            if room != NULL:
                self._room, self._size = room, LEAST


cdef inline bint _whole(object value, long long largest, long long *into) except -1:
    """A whole number from 0 to the largest that its field takes."""
    cdef int overflow = 0
    if not PyLong_Check(value):
        return False
    into[0] = PyLong_AsLongLongAndOverflow(value, &overflow)
    return not overflow and 0 <= into[0] <= largest


cdef inline bint _atto(object units, int scale, i128 *amount) except -1:
    """Atto units of so many minor units, where they fit."""
    cdef int overflow = 0
    cdef long long narrow
    if not PyLong_Check(units):
        return False
    narrow = PyLong_AsLongLongAndOverflow(units, &overflow)
    amount[0] = <i128>narrow * <i128>_powers[18 - scale]
    return not overflow


cdef int _put_id(str text, unsigned char *into) except -1:
    """An id in text; the everyday spelling is read here."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
    if length == 0:
        memset(into, 0, 16)
    elif (
        length != 36 or not PyUnicode_IS_COMPACT_ASCII(text)
        or not demogen_id(<const char *>PyUnicode_DATA(text), into)
    ):
        memcpy(into, PyBytes_AS_STRING(<bytes>id_bytes(text)), 16)
    return 0


cdef bint _booked(Leg leg, int scale, i128 total, i128 rest, i128 *amount) except -1:
    """What a leg books, as `leg_amounts_atto` has it."""
    cdef long long percentage, of_percentage
    units = leg.units
    if units is not None:
        return _atto(units, scale, amount)
    share = leg.share
    if share is None:
        amount[0] = rest
        return True
    if type(share) is not tuple or len(<tuple>share) != 2:
        return False
    return (
        _whole((<tuple>share)[0], U32_MAX, &percentage)
        and _whole((<tuple>share)[1], U32_MAX, &of_percentage)
        and demogen_share(total, percentage, of_percentage, amount)
    )


cdef bint _put_side(
    Legs *into, Py_ssize_t at, unsigned char side, tuple legs, int scale, object units, Attempt attempt, dict keys
) except -1:
    """One side's legs, two a record, from the place `at`."""
    cdef i128 total, rest, amount
    cdef long long account, key
    cdef PyObject *number
    cdef Leg leg
    cdef Legs *record
    cdef Side *place
    if not _atto(units, scale, &total):
        return False
    rest = total
    for one in legs:
        if type(one) is not Leg:
            return False
        leg = <Leg>one
        ref, balance_key = leg.account, leg.balance_key
        if type(ref) is not AccountRef or type(balance_key) is not str:
            return False
        number = PyDict_GetItem(keys, balance_key)
        if (
            number == NULL
            or not _whole(<object>number, U8_MAX, &key)
            or not _whole((<AccountRef>ref).index, U32_MAX, &account)
            or not _booked(leg, scale, total, rest, &amount)
            or __builtin_sub_overflow(rest, amount, &rest)
        ):
            return False
        record = into + (at >> 1)
        if at & 1:
            record.count, place = 2, &record.second
        else:
            memset(record, 0, sizeof(Legs))
            record.kind, record.count, record.generation, record.number = 2, 1, attempt.generation, attempt.number
            place = &record.first
        place.account, place.side, place.key = account, side, key
        memcpy(place.amount, &amount, 16)
        at += 1
    return True


cpdef bint everyday_intent(Entries into, Attempt attempt, dict keys) except -1:
    cdef long long action, ledger, scale
    cdef Py_ssize_t legs, size
    cdef Intended *record
    cdef Intent intent
    if type(attempt.intent) is not Intent:
        return False
    intent = <Intent>attempt.intent
    home, subject, sources, targets = intent.ledger, intent.subject, intent.sources, intent.targets
    if type(home) is not LedgerRef or type(subject) is not str or type(sources) is not tuple or type(targets) is not tuple:
        return False
    legs = len(<tuple>sources) + len(<tuple>targets)
    if (
        legs > U8_MAX
        or not _whole(intent.action, U8_MAX, &action)
        or not _whole((<LedgerRef>home).index, U32_MAX, &ledger)
        or not _whole(intent.scale, 18, &scale)
        or not 0 <= attempt.pattern <= U16_MAX
        or not 0 <= attempt.tries <= U8_MAX
        or not 0 <= attempt.generation <= U32_MAX
        or not 0 <= attempt.key_generation <= U32_MAX
        or not 0 <= attempt.phase <= U16_MAX
    ):
        return False
    size = sizeof(Intended) + ((legs + 1) >> 1) * sizeof(Legs)
    record = <Intended *>into._reserve(size)
    record.kind, record.action, record.pattern, record.flags = 1, action, attempt.pattern, attempt.flags & 0xFF
    record.legs, record.tries, record.number, record.generation = legs, attempt.tries, attempt.number, attempt.generation
    record.key_generation, record.key_number = attempt.key_generation, attempt.key_number
    record.due_ns, record.ledger, record.phase, record.pad = attempt.due_ns, ledger, attempt.phase, 0
    _put_id(<str>subject, record.subject)
    if legs:
        if not (
            _put_side(<Legs *>(record + 1), 0, 0, <tuple>sources, scale, intent.units, attempt, keys)
            and _put_side(<Legs *>(record + 1), len(<tuple>sources), 1, <tuple>targets, scale, intent.units, attempt, keys)
        ):
            return False
    into._used += size
    return True


cdef int _code_number(str code) noexcept:
    """One of the ledger's four-digit codes; 0 for what is none: anybody may answer anything."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(code), at
    cdef const char *digits
    cdef int number = 0
    if length > 4 or not PyUnicode_IS_COMPACT_ASCII(code):
        return 0
    digits = <const char *>PyUnicode_DATA(code)
    for at in range(length):
        if not 48 <= digits[at] <= 57:
            return 0
        number = 10 * number + digits[at] - 48
    return number


cpdef bint everyday_outcome(
    Entries into, Attempt attempt, object ended, long long sent_ns, long long answered_ns
) except -1:
    cdef long long outcome, status, of_fault = 0
    cdef int flags = attempt.flags
    cdef Ended *record
    cdef Receipt receipt
    if type(ended) is not Receipt:
        return False
    receipt = <Receipt>ended
    code, transaction_id, fault = receipt.code, receipt.transaction_id, receipt.fault
    if receipt.replayed:
        flags |= REPLAYED
    if receipt.expected:
        flags |= EXPECTED
    if (
        type(code) is not str
        or type(transaction_id) is not str
        or not _whole(receipt.outcome, U8_MAX, &outcome)
        or not _whole(receipt.status, U16_MAX, &status)
        or not (fault is None or _whole(fault, U8_MAX, &of_fault))
        or not 0 <= flags <= U16_MAX
        or not 0 <= attempt.tries <= U8_MAX
        or not 0 <= attempt.generation <= U32_MAX
    ):
        return False
    record = <Ended *>into._reserve(sizeof(Ended))
    record.kind, record.outcome, record.status, record.code, record.flags = 3, outcome, status, _code_number(code), flags
    record.number, record.generation, record.tries = attempt.number, attempt.generation, attempt.tries
    record.fault, record.pad, record.pad2 = of_fault, 0, 0
    record.sent_ns, record.answered_ns = sent_ns, answered_ns
    if outcome == _ACCEPTED:
        _put_id(<str>transaction_id, record.transaction)
    else:
        memset(record.transaction, 0, 16)
    into._used += sizeof(Ended)
    return True
