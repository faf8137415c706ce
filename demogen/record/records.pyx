"""The compiled twin of records.py: the same functions, the same bytes."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.long cimport PyLong_AsLongLongAndOverflow
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.string cimport memcpy, memset

from demogen.contract.money import ATTO_SCALE, POWERS

cdef extern from *:
    """
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
    """
    int demogen_id(const char *text, unsigned char *into)

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    void *PyUnicode_DATA(object text)

KIND_INTENT, KIND_LEGS, KIND_OUTCOME = 1, 2, 3
DEBIT, CREDIT = 0, 1

cdef int _power
for _power in range(19):
    powers[_power] = POWERS[_power]


cdef bytes _spelled_otherwise(str text):
    try:
        return bytes.fromhex(text.replace("-", ""))[:16].ljust(16, b"\0")
    except ValueError:
        return bytes(16)


cdef int put_id(str text, unsigned char *into) except -1:
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
    if length == 0:
        memset(into, 0, 16)
    elif (
        length != 36 or not PyUnicode_IS_COMPACT_ASCII(text)
        or not demogen_id(<const char *>PyUnicode_DATA(text), into)
    ):
        _put(_spelled_otherwise(text), into)
    return 0


cdef inline void _put(bytes sixteen, unsigned char *into) noexcept:
    memcpy(into, PyBytes_AS_STRING(sixteen), 16)


cpdef bytes intent_record(
    unsigned char action, unsigned short pattern, unsigned short flags, unsigned char legs, unsigned char tries,
    u64 number, unsigned int generation, unsigned int key_generation, u64 key_number, long long due_ns, str subject,
    unsigned int ledger, unsigned short phase
):
    cdef Intended record
    record.kind, record.action, record.pattern, record.flags = 1, action, pattern, flags
    record.legs, record.tries, record.number = legs, tries, number
    record.generation, record.key_generation, record.key_number = generation, key_generation, key_number
    record.due_ns, record.ledger, record.phase, record.pad = due_ns, ledger, phase, 0
    put_id(subject, record.subject)
    return PyBytes_FromStringAndSize(<char *>&record, sizeof(record))


cpdef bytes move_record(
    unsigned int generation, u64 number, unsigned int payer, unsigned char payer_key, unsigned int payee,
    unsigned char payee_key, object units, int scale
):
    cdef Legs record
    cdef int overflow = 0
    cdef long long narrow = PyLong_AsLongLongAndOverflow(units, &overflow)
    cdef i128 amount
    if not overflow and 0 <= scale <= 18:
        amount = <i128>narrow * <i128>powers[18 - scale]
        memcpy(record.first.amount, &amount, 16)
    else:
        _put((units * POWERS[ATTO_SCALE - scale]).to_bytes(16, "little", signed=True), record.first.amount)
    memcpy(record.second.amount, record.first.amount, 16)
    record.kind, record.count, record.pad, record.generation, record.number = 2, 2, 0, generation, number
    record.first.account, record.first.side, record.first.key, record.first.pad = payer, 0, payer_key, 0
    record.second.account, record.second.side, record.second.key, record.second.pad = payee, 1, payee_key, 0
    return PyBytes_FromStringAndSize(<char *>&record, sizeof(record))


cpdef bytes legs_record(unsigned int generation, u64 number, list rows):
    cdef Legs record
    memset(&record, 0, sizeof(record))
    record.kind, record.count, record.generation, record.number = 2, len(rows), generation, number
    _put_side(rows[0], &record.first)
    if len(rows) > 1:
        _put_side(rows[1], &record.second)
    return PyBytes_FromStringAndSize(<char *>&record, sizeof(record))


cdef int _put_side(tuple row, Side *into) except -1:
    into.account, into.side, into.key = row[0], row[1], row[2]
    _put(row[3].to_bytes(16, "little", signed=True), into.amount)
    return 0


cpdef bytes outcome_record(
    unsigned char outcome, unsigned short status, unsigned short code, unsigned short flags, u64 number,
    unsigned int generation, unsigned char tries, unsigned char fault, long long sent_ns, long long answered_ns,
    str transaction_id
):
    cdef Ended record
    record.kind, record.outcome, record.status, record.code, record.flags = 3, outcome, status, code, flags
    record.number, record.generation, record.tries, record.fault, record.pad = number, generation, tries, fault, 0
    record.sent_ns, record.answered_ns, record.pad2 = sent_ns, answered_ns, 0
    put_id(transaction_id, record.transaction)
    return PyBytes_FromStringAndSize(<char *>&record, sizeof(record))


cpdef bytes id_bytes(str text):
    cdef unsigned char[16] raw
    put_id(text, raw)
    return PyBytes_FromStringAndSize(<char *>raw, 16)
