# Types for the compiled build; what the class does is said in histogram.py.

cimport cython


cdef class Histogram:
    cdef public dict counts
    cdef public long long max_us
    cdef public long long sum_us
    cdef public long long total

    @cython.locals(us=cython.longlong, bucket=cython.longlong, shift=cython.int, counts=dict)
    cpdef record(self, long long duration_ns)
