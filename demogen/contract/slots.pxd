# Where a field of a msgspec struct lies, so that what shapes.pxd says of it can be checked.

cdef extern from *:
    """
    #include "structmember.h"
    static Py_ssize_t demogen_place(PyObject *type, PyObject *name) {
        PyObject *descriptor = PyDict_GetItemWithError(((PyTypeObject *)type)->tp_dict, name);
        if (descriptor == NULL || !Py_IS_TYPE(descriptor, &PyMemberDescr_Type)) {
            if (!PyErr_Occurred()) PyErr_Format(PyExc_ImportError, "%R has no field %R of its own", type, name);
            return -1;
        }
        return ((PyMemberDescrObject *)descriptor)->d_member->offset;
    }
    """
    Py_ssize_t place_of "demogen_place"(object struct, str name) except -1
