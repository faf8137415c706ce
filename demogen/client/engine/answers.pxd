# Types for the compiled build; what the functions do is said in answers.py.

cpdef object hear(int fd)
cpdef object whole_response(bytes data)
