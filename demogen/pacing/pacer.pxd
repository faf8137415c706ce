# Types for the compiled build; what the class does is said in pacer.py.


cdef class Pacer:
    cdef public long long offered
    cdef public long long next_due_ns
    cdef public bint exhausted
    cdef long long _wall_offset_ns
    cdef list _shares
    cdef object _stream
    cdef long long _start_ns
    cdef long long _base
    cdef long long _next_index
    cdef object _generation
    cdef long long _until

    cpdef claim(self, long long now_ns)
    cpdef _advance(self)
    cpdef _step(self)
