# Types for the compiled build; what the class does is said in stage.py.


cdef class Stage:
    cdef public bint whole_units
    cdef public object markets
    cdef public object almanac
    cdef public object flows
    cdef public object interest_bp
    cdef public object desk
    cdef public dict pairings
    cdef public dict tables
    cdef public dict payrolls
    cdef public object pick_market
    cdef object _skews
    cdef object _else
    cdef dict _tickets
