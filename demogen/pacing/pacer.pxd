# Types for the compiled build; what the class does is said in pacer.py.

cimport cython


cdef class Arrival:
    cdef readonly unsigned long long number
    cdef readonly long long due_ns
    cdef readonly long long generation


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
    cdef long long _generation
    cdef long long _until

    @cython.locals(due_ns=cython.longlong, arrival=Arrival)
    cpdef Arrival claim(self, long long now_ns)
    @cython.locals(following=tuple)
    cpdef _advance(self)
    cpdef _step(self)
