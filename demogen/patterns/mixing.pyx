"""The compiled twin of mixing.py: the same functions, the same results."""

from cpython.long cimport PyLong_AsLongLongAndOverflow

cdef extern from *:
    """
    typedef unsigned __int128 demogen_u128;
    """
    ctypedef unsigned long long u128 "demogen_u128"

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15

cdef u64 _GOLDEN = 0x9E3779B97F4A7C15ULL


cpdef u64 mix64(u64 value) noexcept:
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL
    return value ^ (value >> 31)


cpdef u64 following(u64 state) noexcept:
    return state + _GOLDEN


cpdef u64 left_over(u64 bits, u64 bound) noexcept:
    return bits * bound


cpdef Py_ssize_t place(u64 bits, Py_ssize_t count) noexcept:
    return <Py_ssize_t>((<u128>bits * <u128>count) >> 64)


cpdef u64 seeded(object seed, u64 number):
    cdef u64 low = seed & MASK
    return mix64(low * _GOLDEN + number)


cpdef object scaled(u64 bits, object bound):
    cdef int overflow = 0
    cdef long long narrow = PyLong_AsLongLongAndOverflow(bound, &overflow)
    if overflow or narrow < 0:
        return bits * bound >> 64
    return <u64>((<u128>bits * <u128>narrow) >> 64)
