"""The compiled twin of heads.py: the same verdicts, from one pass over the lines of the head."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memchr, memcmp

cdef extern from "string.h" nogil:
    void *memmem(const void *haystack, size_t size, const void *needle, size_t length)

cdef extern from "strings.h" nogil:
    int strncasecmp(const char *one, const char *other, size_t length)

HUGE = 1 << 62
cdef long long _HUGE = HUGE


cpdef int status_of(bytes data) noexcept:
    return status_in(PyBytes_AS_STRING(data))


cpdef bint says_true(bytes data) noexcept:
    return memmem(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), b"true", 4) != NULL


cpdef Py_ssize_t head_end(bytes data) noexcept:
    return head_end_in(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


cpdef long long plain_length(bytes data, Py_ssize_t end) noexcept:
    return plain_length_in(PyBytes_AS_STRING(data), end)


cdef int status_in(const char *text) noexcept:
    return (text[9] - 48) * 100 + (text[10] - 48) * 10 + text[11] - 48


cdef Py_ssize_t head_end_in(const char *text, Py_ssize_t size) noexcept:
    cdef const char *found = <const char *>memmem(text, size, b"\r\n\r\n", 4)
    return -1 if found == NULL else found - text


cdef long long plain_length_in(const char *text, Py_ssize_t end) noexcept:
    cdef int status
    if end < 13 or memcmp(text, b"HTTP/1.1 ", 9) != 0 or (text[12] != 32 and text[12] != 13):
        return -1
    if not (50 <= text[9] <= 53 and 48 <= text[10] <= 57 and 48 <= text[11] <= 57):
        return -1
    status = status_in(text)
    if status == 204 or status == 304:
        return -1
    return _length_in(text + 12, text + end + 2)


cdef long long _length_in(const char *at, const char *stop) noexcept:
    """The length that the lines up to `stop` (behind the last line end) give; -1 where it is for llhttp to decide."""
    cdef long long length = -1
    cdef bint found = False
    cdef bint connected = False
    cdef const char *line
    while True:
        line = <const char *>memchr(at, 10, stop - at)
        if line == NULL:
            return length
        line += 1
        if line < stop and line[0] == 10:
            return -1
        at = line
        if line == stop:
            return length
        if (line[0] | 32) == 99:  # c
            if stop - line >= 14 and strncasecmp(line, b"content-length", 14) == 0:
                if found or line + 14 == stop or line[14] != 58:
                    return -1
                found = True
                length = _digits(line + 15, stop)
                if length < 0:
                    return -1
            elif stop - line >= 11 and strncasecmp(line, b"connection:", 11) == 0:
                if connected or not _kept_alive(line + 11, stop):
                    return -1
                connected = True
        elif (line[0] | 32) == 116:  # t
            if stop - line >= 17 and strncasecmp(line, b"transfer-encoding", 17) == 0:
                return -1


cdef inline bint _blank(char one) noexcept:
    return one == 32 or 9 <= one <= 13


cdef long long _digits(const char *at, const char *stop) noexcept:
    """The number up to the next carriage return, blanks around it apart; -1 where it is none."""
    cdef const char *end = <const char *>memchr(at, 13, stop - at)
    cdef long long number = 0
    if end == NULL:
        return -1
    while at < end and _blank(at[0]):
        at += 1
    while end > at and _blank(end[-1]):
        end -= 1
    if at == end:
        return -1
    while at < end:
        if not 48 <= at[0] <= 57:
            return -1
        if number >= 10000000000000000:
            number = _HUGE
        else:
            number = number * 10 + at[0] - 48
        at += 1
    return number


cdef bint _kept_alive(const char *at, const char *stop) noexcept:
    """Whether the value is `keep-alive` with at most one blank before it, as the plain file has it."""
    cdef const char *end = at + 12 if stop - at >= 12 else stop
    while at < end and _blank(at[0]):
        at += 1
    while end > at and _blank(end[-1]):
        end -= 1
    return end - at == 10 and strncasecmp(at, b"keep-alive", 10) == 0
