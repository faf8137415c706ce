# Types for the compiled build; what the functions do is said in parser.py.

cimport cython

from demogen.client.engine.heads cimport head_end, plain_length, status_of


@cython.locals(end=Py_ssize_t, length=cython.longlong)
cpdef object whole_response(bytes data)
