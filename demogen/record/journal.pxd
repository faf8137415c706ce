# Types for the compiled build; what the class does is said in journal.py.

cimport cython

from demogen.record.attempt cimport Attempt
from demogen.record.entries cimport Entries, everyday_intent, everyday_outcome


cdef class JournalWriter:
    cdef public object path
    cdef public long long bytes_written
    cdef dict _keys
    cdef Entries _buffer
    cdef bint _broken
    cdef bint _closed
    cdef int _fd

    @cython.locals(sources=tuple, targets=tuple, keys=dict, buffer=Entries)
    cpdef intend(self, Attempt attempt)
    @cython.locals(keys=dict, rows=list)
    cpdef _legs(self, Attempt attempt)
    @cython.locals(data=Entries)
    cpdef flush(self)
    @cython.locals(flags=cython.int, code=str)
    cpdef settle(self, Attempt attempt, object receipt, long long sent_ns, long long answered_ns)
