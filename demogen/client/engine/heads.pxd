# Types for the compiled build; what the functions do is said in heads.py.

cpdef int status_of(bytes data) noexcept
cpdef Py_ssize_t head_end(bytes data) noexcept
cpdef long long plain_length(bytes data, Py_ssize_t end) noexcept
