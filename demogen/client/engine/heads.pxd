# Types for the compiled build; what the functions do is said in heads.py.

cpdef int status_of(bytes data) noexcept
cpdef bint says_true(bytes data) noexcept
cpdef Py_ssize_t head_end(bytes data) noexcept
cpdef long long plain_length(bytes data, Py_ssize_t end) noexcept

# The same for bytes that are not Python's yet.
cdef int status_in(const char *text) noexcept
cdef Py_ssize_t head_end_in(const char *text, Py_ssize_t size) noexcept
cdef long long plain_length_in(const char *text, Py_ssize_t end) noexcept
