# Types for the compiled build; what the functions do is said in dsl.py.

cimport cython

from demogen.contract.shapes cimport AccountRef, Intent, Leg

cdef int _CREATE


cpdef str spell(Intent intent, str mark)
cpdef str _options(Intent intent)
@cython.locals(leg=Leg, account=AccountRef, texts=list)
cpdef str _legs(tuple legs, str opening, str asset, object unit)
cpdef str _part(Leg leg)
cpdef bint _is_word(str text) except -1
