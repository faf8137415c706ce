# Types for the compiled build; what the class does is said in lobby.py.


cdef class Lobby:
    cdef public object waiting
    cdef list _offered

    cpdef launch(self)
