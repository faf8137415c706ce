# Types for the compiled build; what the classes do is said in endpoint.py.

cimport cython

from demogen.client.engine.frames cimport everyday_frame


cdef class Letterhead:
    cdef bytes _between
    cdef bytes _between_json
    cdef bytes _prefix

    @cython.locals(frame=bytes)
    cpdef bytes frame(self, object request)


cdef class Letters:
    cdef object _endpoint
    cdef object _token
    cdef object _text
    cdef Letterhead _letterhead

    cpdef bytes frame(self, object request)
    cpdef refresh(self)
