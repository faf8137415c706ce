# Types for the compiled build; what the class does is said in connection.py.


cdef class Connection:
    cdef public list addresses
    cdef public object assembler
    cdef public bint bodiless
    cdef public object channel
    cdef public long long deadline_ns
    cdef public int fd
    cdef public bytes frame
    cdef public bint fresh
    cdef public int phase
    cdef public bytes rest
    cdef public long long sent_ns
    cdef public object socket
    cdef public object ticket
