# Types for the compiled build; what the class does is said in till.py.

cimport cython

from demogen.contract.shapes cimport Intent, Leg


cdef class Till:
    cdef dict _accounts, _has, _lowest, _booked
    cdef object _asked

    cpdef ask(self, object intent)
    @cython.locals(intent=Intent, original=Intent)
    cpdef settle(self, object receipt)
    cpdef list shortages(self)
    @cython.locals(leg=Leg)
    cpdef _take(self, Intent intent, tuple legs)
    @cython.locals(leg=Leg)
    cpdef _give(self, Intent intent, tuple legs)
