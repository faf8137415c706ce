# Types for the compiled build; what the class does is said in journal.py.

cimport cython

from demogen.record.attempt cimport Attempt


cdef class JournalWriter:
    cdef public object path
    cdef public long long bytes_written
    cdef dict _keys
    cdef bytearray _buffer
    cdef bint _broken
    cdef bint _closed
    cdef int _fd

    cpdef intend(self, Attempt attempt)
    cpdef flush(self)
