# Types for the compiled build; what the class does is said in buckets.py.

cimport cython

ctypedef unsigned long long u64


@cython.final
cdef class Buckets:
    cdef u64 **_pages

    cdef u64 *_place(self, long long bucket) except NULL
    cpdef count(self, long long us)
    cpdef merge(self, Buckets other)
    cpdef dict copy(self)

cpdef long long bucket_of(long long us) noexcept
