# Types for the compiled build; what the class does is said in mix.py.

cimport cython

from demogen.patterns.dice cimport Dice


cdef class Mix:
    cdef readonly tuple names
    cdef readonly tuple patterns
    cdef readonly object arrivals
    cdef list _first
    cdef list _last
    cdef list _bounds
    cdef list _last_bounds
    cdef bint _drifts
    cdef tuple _straight

    @cython.locals(bounds=list)
    cpdef Py_ssize_t draw(self, Dice dice) except -1
