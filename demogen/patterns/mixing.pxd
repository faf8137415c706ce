# Types for the compiled build; what the functions do is said in mixing.py.

ctypedef unsigned long long u64

cpdef u64 mix64(u64 value) noexcept
cpdef u64 following(u64 state) noexcept
cpdef u64 left_over(u64 bits, u64 bound) noexcept
cpdef Py_ssize_t place(u64 bits, Py_ssize_t count) noexcept
cpdef u64 seeded(object seed, u64 number)
cpdef object scaled(u64 bits, object bound)
