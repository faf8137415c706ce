# Types for the compiled build; what the functions do is said in descriptors.py.

cpdef bytes receive(int fd)
cpdef Py_ssize_t transmit(int fd, bytes data) except -1
cdef Py_ssize_t received(int fd, const char **room) except -1
