# Types for the compiled build; what the functions do is said in classify.py.

cimport cython

from demogen.client.engine.heads cimport says_true
from demogen.contract.shapes cimport Intent, Response

cdef int _REVERT, _FIRST_READ, _ENTITY, _ID_AT, _ID_END, _QUOTE


@cython.locals(status=cython.int, action=cython.int, body=bytes, accepted=cython.bint, answer=Response)
cpdef object classify(Intent intent, object result, str mark)
@cython.locals(text=str)
cpdef str transaction_id_of(bytes body)
