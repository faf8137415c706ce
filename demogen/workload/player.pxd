# Types for the compiled build; what the classes do is said in player.py.

cimport cython

from demogen.client.classify cimport classify
from demogen.contract.shapes cimport Intent, Receipt
from demogen.contract.wire cimport Renderer
from demogen.pacing.pacer cimport Arrival, Pacer
from demogen.patterns.dice cimport Dice
from demogen.patterns.steps cimport next_step
from demogen.record.attempt cimport Attempt
from demogen.record.journal cimport JournalWriter
from demogen.record.tally cimport Tally
from demogen.workload.mix cimport Mix

cdef int _FIRST_READ, _ACCEPTED, _REJECTED, _DRAWS_A_TURN, _SENT_A_TURN
cdef long long _QUEUED_NS


cdef class Play:
    cdef public object script
    cdef public int pattern
    cdef public Intent intent


cdef class Sending(Attempt):
    cdef public Play play
    cdef public object request


cdef class Player:
    cdef public Pacer pacer
    cdef public Tally tally
    cdef public object on_answer
    cdef str _prefix
    cdef object _seed
    cdef public object _stage
    cdef Mix _mix
    cdef object _carrier
    cdef object _traced
    cdef JournalWriter _journal
    cdef Renderer _renderer
    cdef object _clock
    cdef public long long _patience_ns
    cdef long long _deadline_ns
    cdef long long _window_start_ns
    cdef long long _window_end_ns
    cdef tuple _plays
    cdef list _started
    cdef list _intents
    cdef list _moved
    cdef list _doubted
    cdef object _ready
    cdef Sending _held
    cdef Dice _dice
    cdef object _waiting
    cdef bint _more
    cdef list _alarms
    cdef object _alarm_order
    cdef object _read_numbers
    cdef long long _offered_before
    cdef long long _cpu_before_ns

    @cython.locals(due_ns=cython.longlong)
    cpdef turn(self, long long until_ns)
    @cython.locals(play=Play, arrival=Arrival, sent=cython.int)
    cpdef _serve(self, long long now_ns)
    @cython.locals(pacer=Pacer, tally=Tally, overlooked_ns=cython.longlong, overlooked=cython.longlong, arrival=Arrival)
    cpdef _claim(self, long long now_ns)
    @cython.locals(dice=Dice, play=Play, number=Py_ssize_t, _=cython.int)
    cpdef Play _start(self, Arrival arrival)
    @cython.locals(intent=Intent)
    cpdef bint _place(self, Play play, object step, long long due_ns, object receipt) except -1
    @cython.locals(sending=Sending)
    cpdef bint _send(self, Play play, Arrival arrival, long long now_ns) except -1
    @cython.locals(
        sending=Sending, intent=Intent, flags=cython.int, mark=str, number=cython.ulonglong, generation=cython.longlong,
        due_ns=cython.longlong
    )
    cpdef Sending _prepared(self, Play play, Arrival arrival)
    cpdef int phase(self, long long due_ns) except -1
    @cython.locals(sending=Sending, receipt=Receipt, sent_ns=cython.longlong, answered_ns=cython.longlong)
    cpdef _settle(self, object delivery)
    @cython.locals(tally=Tally, intent=Intent, amounts=dict)
    cpdef _count(self, Sending sending, Receipt receipt, long long sent_ns, long long answered_ns)
    cpdef _advance(self, Play play, Receipt receipt, long long now_ns)
