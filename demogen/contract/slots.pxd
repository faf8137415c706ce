# Reads a field of a msgspec struct where it lies. By name each costs a look-up in the type, a hundred times a request.
# Only for objects whose type is exactly the one the place was asked of; what is returned is never absent.

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
    #define demogen_field(object, place) Py_NewRef(*(PyObject **)((char *)(object) + (place)))
    """
    Py_ssize_t place_of "demogen_place"(object struct, str name) except -1
    object field "demogen_field"(object struct, Py_ssize_t place)
