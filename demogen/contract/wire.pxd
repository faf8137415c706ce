# Types for the compiled build; what the class does is said in wire.py.

cimport cython

from demogen.contract.bodies cimport everyday_body
from demogen.contract.shapes cimport Intent, LedgerRef

cdef int _LAST_CREATE, _INFLOW, _OUTFLOW, _REVERT, _FIRST_READ, _ENTITY, _ACTION_BITS


cdef class Renderer:
    cdef str _spelling
    cdef dict _targets
    cdef dict _around
    cdef readonly dict _heads
    cdef readonly dict _texts
    cdef dict _sides

    @cython.locals(action=cython.int, body=bytes)
    cpdef tuple render(self, Intent intent, str mark)
    @cython.locals(place=cython.longlong, ledger=LedgerRef)
    cpdef bytes _target(self, Intent intent)
