"""The compiled twin of descriptors.py."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.exc cimport PyErr_CheckSignals, PyErr_SetFromErrno
from libc.errno cimport EINTR, errno

cdef extern from "sys/socket.h" nogil:
    ssize_t recv(int fd, void *buffer, size_t size, int flags)
    ssize_t send(int fd, const void *buffer, size_t size, int flags)
    int MSG_NOSIGNAL

RECV_BYTES = 16 * 1024

cdef char _buffer[16384]


cpdef bytes receive(int fd):
    cdef const char *room
    cdef Py_ssize_t taken = received(fd, &room)
    return PyBytes_FromStringAndSize(room, taken)


cdef Py_ssize_t received(int fd, const char **room) except -1:
    """How much came; it lies in `room` until the next call."""
    # The descriptor never waits, so the interpreter lock is kept: to give it up would cost as much as the call.
    cdef ssize_t taken
    while True:
        taken = recv(fd, _buffer, sizeof(_buffer), 0)
        if taken >= 0:
            room[0] = _buffer
            return taken
        if errno != EINTR:
            PyErr_SetFromErrno(OSError)
        PyErr_CheckSignals()


cpdef Py_ssize_t transmit(int fd, bytes data) except -1:
    cdef ssize_t taken
    while True:
        taken = send(fd, PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data), MSG_NOSIGNAL)
        if taken >= 0:
            return taken
        if errno != EINTR:
            PyErr_SetFromErrno(OSError)
        PyErr_CheckSignals()
