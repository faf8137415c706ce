# Types for the compiled build; what the class does is said in pump.py.

cimport cython

from demogen.client.engine.answers cimport hear
from demogen.client.engine.connection cimport Connection
from demogen.client.engine.descriptors cimport receive, transmit
from demogen.client.engine.endpoint cimport Letters


cdef class Pump:
    cdef public int max_connections
    cdef object _now
    cdef object _poller
    cdef object _watch
    cdef Py_ssize_t _answer_bytes_max
    cdef bint _encrypted
    cdef Letters _letters
    cdef object _dialer
    cdef dict _table
    cdef list _free
    cdef list _offered
    cdef object _lobby
    cdef list _done
    cdef Py_ssize_t _in_flight
    cdef long long _chores_ns
    cdef bint _closed

    @cython.locals(free=list, connection=Connection)
    cpdef bint offer(self, object request, object ticket, long long deadline_ns) except -1
    @cython.locals(offered=list, connection=Connection, frame=bytes, taken=Py_ssize_t)
    cpdef launch(self)
    @cython.locals(now=cython.longlong, events=list, done=list)
    cpdef list collect(self, long long until_ns)
    @cython.locals(
        table=dict, free=list, done=list, start=Py_ssize_t, fd=object, mask=object, connection=Connection, whole=bint
    )
    cpdef _turn(self, list events, long long now)
    cpdef _place(self, Connection connection)
