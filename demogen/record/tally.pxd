# Types for the compiled build; what the classes do is said in tally.py.

cimport cython

from demogen.contract.shapes cimport Receipt
from demogen.record.attempt cimport Attempt
from demogen.record.histogram cimport Histogram


@cython.final
cdef class Cell:
    cdef public Histogram service
    cdef public Histogram response
    cdef public long long unexpected


cdef class Tally:
    cdef public dict cells
    cdef public dict reads
    cdef public dict tasks
    cdef public Histogram lag
    cdef public Histogram loop_lag
    cdef public object counts
    cdef public object codes
    cdef public object faults
    cdef public object dropped
    cdef public object started
    cdef public object intents
    cdef public object moved
    cdef public object doubted
    cdef public dict exemplars

    @cython.locals(cell=Cell, due_ns=cython.longlong)
    cpdef answer(self, Attempt attempt, Receipt receipt, long long sent_ns, long long answered_ns)
