# Types for the compiled build; what the class does is said in dice.py.

cimport cython

from demogen.patterns.mixing cimport following, left_over, mix64, scaled, seeded, u64


cdef class Dice:
    cdef readonly object stage
    cdef readonly long long arrival
    cdef u64 _state

    cpdef u64 bits(self) noexcept
    cpdef Py_ssize_t _place(self, object pick, Py_ssize_t count) except -1
    @cython.locals(bits=u64, count=Py_ssize_t, place=Py_ssize_t)
    cpdef tuple pair(self, str payer_role, str payee_role)
