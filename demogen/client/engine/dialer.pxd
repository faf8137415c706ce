# Types for the compiled build; what the class does is said in dialer.py.

from demogen.client.engine.connection cimport Connection
from demogen.client.engine.descriptors cimport receive, transmit


cdef class Dialer:
    cdef public dict table
    cdef public Py_ssize_t connecting
    cdef public Py_ssize_t wanted
    cdef public long long chores_ns
    cdef object _endpoint
    cdef object _poller
    cdef object _sockets
    cdef object _tls
    cdef long long _connect_timeout_ns
    cdef object _ready
    cdef object _failed
    cdef bint _eager
    cdef Py_ssize_t _budget
    cdef long long _grow_after_ns
    cdef list _graveyard

    cpdef rested(self, long long rest_ns, Py_ssize_t heard, Py_ssize_t in_flight)
    cpdef bint may_grow(self, Py_ssize_t limit) except -1
    cpdef discard(self, Connection connection)
    cpdef bury(self)
