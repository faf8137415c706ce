# Types for the compiled build; what the classes do is said in tally.py.

from demogen.record.histogram cimport Histogram


cdef class Cell:
    cdef public Histogram service
    cdef public Histogram response
    cdef public long long unexpected
