"""The compiled twin of steps.py."""

from cpython.ref cimport Py_DECREF, PyObject

cdef extern from "Python.h":
    ctypedef enum PySendResult:
        PYGEN_RETURN
        PYGEN_ERROR
        PYGEN_NEXT
    PySendResult PyIter_Send(object script, object value, PyObject **result) except PYGEN_ERROR


cpdef object next_step(object script, object receipt):
    cdef PyObject *result = NULL
    cdef PySendResult sent = PyIter_Send(script, receipt, &result)
    step = <object>result
    Py_DECREF(step)
    return step if sent == PYGEN_NEXT else None
