# Types for the compiled build; what the class does is said in watch.py.

cdef extern from "sys/epoll.h" nogil:
    ctypedef union epoll_data_t:
        int fd

    struct epoll_event:
        unsigned int events
        epoll_data_t data


cdef class Watch:
    cdef readonly int fd
    cdef object _now
    cdef object _poller
    cdef object _poll
    cdef object _park
    cdef object _timer
    cdef int _timer_fd
    cdef long long _armed_ns
    cdef bint _real
    cdef bint _monotonic
    cdef epoll_event[256] _events

    cpdef long long now(self) except? -1
    cpdef int ready(self) except -1
    cpdef int wait(self, long long until_ns, long long now_ns) except -1
    cpdef int fd_at(self, Py_ssize_t index) noexcept
    cpdef unsigned int mask_at(self, Py_ssize_t index) noexcept
    cdef void _arm(self, long long at_ns, long long left_ns) noexcept
    cdef int _look(self, int timeout_ms) except -1
    cdef int _ask_kernel(self, int timeout_ms) except -1
    cdef int _ask_poller(self, int timeout_ms) except -1
