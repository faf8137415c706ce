# Types for the compiled build; what the class does is said in pump.py.

cimport cython

from demogen.client.engine.answers cimport hear
from demogen.client.engine.connection cimport Connection
from demogen.client.engine.descriptors cimport receive, transmit
from demogen.client.engine.dialer cimport Dialer
from demogen.client.engine.endpoint cimport Letters
from demogen.client.engine.lobby cimport Lobby
from demogen.client.engine.watch cimport Watch

# Compared on every event.
cdef unsigned int EPOLLIN
cdef int AWAITING
cdef int IDLE
cdef int OFFERED
cdef int EVENTS_BETWEEN_LOOKS
cdef long long TURN_NS


cdef class Pump:
    cdef public int max_connections
    cdef object _poller
    cdef Watch _watch
    cdef Py_ssize_t _answer_bytes_max
    cdef bint _encrypted
    cdef Letters _letters
    cdef Dialer _dialer
    cdef dict _table
    cdef list _free
    cdef list _offered
    cdef Lobby _lobby
    cdef list _done
    cdef Py_ssize_t _in_flight
    cdef long long _chores_ns
    cdef bint _closed

    @cython.locals(free=list, connection=Connection)
    cpdef bint offer(self, object request, object ticket, long long deadline_ns) except -1
    @cython.locals(offered=list, watch=Watch, connection=Connection, frame=bytes, taken=Py_ssize_t)
    cpdef launch(self)
    @cython.locals(watch=Watch, dialer=Dialer, began=cython.longlong, now=cython.longlong, count=Py_ssize_t, done=list)
    cpdef list collect(self, long long until_ns)
    @cython.locals(
        watch=Watch,
        table=dict,
        free=list,
        done=list,
        lobby=Lobby,
        index=Py_ssize_t,
        mask=cython.uint,
        connection=Connection,
        whole=bint,
    )
    cpdef _turn(self, Py_ssize_t count, object now)
    cpdef _place(self, Connection connection)
