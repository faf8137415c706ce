# Types for the compiled build; what the functions do is said in classify.py.

cimport cython

cdef int _REVERT, _FIRST_READ, _ENTITY


@cython.locals(status=cython.int, action=cython.int, body=bytes, accepted=cython.bint)
cpdef object classify(object intent, object result, str mark)
cpdef str transaction_id_of(bytes body)
