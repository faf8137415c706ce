"""The compiled twin of answers.py: head and body are cut out of the buffer they were received into."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memchr

from demogen.client.engine.descriptors cimport received
from demogen.client.engine.heads cimport head_end_in, plain_length_in, status_in

from demogen.contract.exchange import Response

cdef object _Response = Response
cdef tuple _STATUSES = tuple(range(600))


cpdef object hear(int fd):
    cdef const char *room
    cdef Py_ssize_t taken = received(fd, &room)
    response = _response(room, taken)
    return PyBytes_FromStringAndSize(room, taken) if response is None else response


cpdef object whole_response(bytes data):
    return _response(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))


cdef object _response(const char *text, Py_ssize_t size):
    cdef Py_ssize_t end = head_end_in(text, size)
    cdef long long length
    cdef const char *line
    if end < 0:
        return None
    length = plain_length_in(text, end)
    if length < 0 or end + 4 + length != size:
        return None
    # A head of one line has none that could be shown; a plain one has more.
    line = <const char *>memchr(text + 12, 10, end - 12) + 1
    return _Response(
        _STATUSES[status_in(text)],
        PyBytes_FromStringAndSize(line, text + end - line),
        PyBytes_FromStringAndSize(text + end + 4, <Py_ssize_t>length),
    )
