# Types for the compiled build; what the class does is said in dice.py.

cimport cython

from demogen.contract.shapes cimport AccountRef
from demogen.patterns.mixing cimport following, left_over, mix64, place, scaled, seeded, u64
from demogen.patterns.stage cimport Stage


cdef class Dice:
    cdef readonly Stage stage
    cdef readonly long long arrival
    cdef u64 _state

    cpdef u64 bits(self) noexcept
    cpdef Py_ssize_t _place(self, object pick, Py_ssize_t count) except -1
    @cython.locals(bits=u64, count=Py_ssize_t, at=Py_ssize_t, stage=Stage, pairings=list, payers=tuple, payees=tuple)
    cpdef tuple pair(self, str payer_role, str payee_role)
    @cython.locals(bits=u64, stage=Stage, table=tuple)
    cpdef object _amount(self, AccountRef account, long long dollars, str shape)
