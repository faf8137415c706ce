# Types for the compiled build; what the class does is said in histogram.py.

cimport cython

from demogen.record.buckets cimport Buckets


@cython.final
cdef class Histogram:
    cdef public Buckets counts
    cdef public long long max_us
    cdef public long long sum_us
    cdef public long long total

    @cython.locals(us=cython.longlong)
    cpdef record(self, long long duration_ns)
