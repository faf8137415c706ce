"""The compiled twin of frames.py: fields are read where they lie and copied into the frame."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

from demogen.contract.shapes cimport Request

from demogen.contract.exchange import JSON

cdef object _JSON = JSON
cdef bytes _NO_LENGTH = b"Content-Length: 0\r\n"
cdef bytes _KEY = b"X-Idempotency: "
cdef bytes _LINE_END = b"\r\n"


cpdef bytes everyday_frame(object request, bytes prefix, bytes between, bytes between_json):
    cdef char[20] digits
    cdef int counted = 0
    cdef Py_ssize_t rest, size
    cdef bytes length = b""
    cdef char *at
    cdef Request asked
    if type(request) is not Request:
        return None
    asked = <Request>request
    method, target, body, key, headers = asked.method, asked.target, asked.body, asked.key, asked.headers
    if not (type(method) is bytes and type(target) is bytes and type(body) is bytes):
        return None
    if not (type(key) is bytes and type(headers) is bytes):
        return None
    rest = PyBytes_GET_SIZE(body)
    if rest:
        if asked.content_type is not _JSON:
            return None
        between = between_json
        while rest:
            counted += 1
            digits[20 - counted] = <char>(48 + rest % 10)
            rest //= 10
        length = _LINE_END
    elif method != b"GET" and method != b"HEAD":
        length = _NO_LENGTH
    size = PyBytes_GET_SIZE(method) + PyBytes_GET_SIZE(prefix) + PyBytes_GET_SIZE(target) + PyBytes_GET_SIZE(between)
    size += counted + PyBytes_GET_SIZE(length) + PyBytes_GET_SIZE(headers) + 2 + PyBytes_GET_SIZE(body)
    if PyBytes_GET_SIZE(key):
        size += PyBytes_GET_SIZE(_KEY) + PyBytes_GET_SIZE(key) + 2
    frame = PyBytes_FromStringAndSize(NULL, size)
    at = _put(PyBytes_AS_STRING(frame), <bytes>method)
    at = _put(at, prefix)
    at = _put(at, <bytes>target)
    at = _put(at, between)
    memcpy(at, digits + 20 - counted, counted)
    at = _put(at + counted, length)
    if PyBytes_GET_SIZE(key):
        at = _put(at, _KEY)
        at = _put(at, <bytes>key)
        at = _put(at, _LINE_END)
    at = _put(at, <bytes>headers)
    at = _put(at, _LINE_END)
    _put(at, <bytes>body)
    return frame


cdef inline char *_put(char *at, bytes piece) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(piece)
    memcpy(at, PyBytes_AS_STRING(piece), size)
    return at + size
