# Types for the compiled build; what the class does is said in attempt.py.


cdef class Attempt:
    cdef public long long due_ns
    cdef public int flags
    cdef public long long generation
    cdef public object intent
    cdef public long long key_generation
    cdef public unsigned long long key_number
    cdef public object mark
    cdef public unsigned long long number
    cdef public int pattern
    cdef public int phase
    cdef public int tries

    cpdef begin(self, object intent, object mark, unsigned long long number, long long generation, long long due_ns)
