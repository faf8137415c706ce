# Types for the compiled build; what class and functions do is said in entries.py.

cimport cython

from demogen.record.attempt cimport Attempt


@cython.final
cdef class Entries:
    cdef unsigned char *_room
    cdef Py_ssize_t _size
    cdef Py_ssize_t _used
    cdef Py_ssize_t _exports

    cdef unsigned char *_reserve(self, Py_ssize_t more) except NULL
    cpdef clear(self)

cpdef bint everyday_intent(Entries into, Attempt attempt, dict keys) except -1
cpdef bint everyday_outcome(
    Entries into, Attempt attempt, object receipt, long long sent_ns, long long answered_ns
) except -1
