# The records as the compiled build writes them; records.py has their fields in the same order.

ctypedef unsigned long long u64

cdef packed struct Intended:
    unsigned char kind, action
    unsigned short pattern, flags
    unsigned char legs, tries
    u64 number
    unsigned int generation, key_generation
    u64 key_number
    long long due_ns
    unsigned char[16] subject
    unsigned int ledger
    unsigned short phase, pad

cdef packed struct Side:
    unsigned int account
    unsigned char side, key
    unsigned short pad
    unsigned char[16] amount

cdef packed struct Legs:
    unsigned char kind, count
    unsigned short pad
    unsigned int generation
    u64 number
    Side first, second

cdef packed struct Ended:
    unsigned char kind, outcome
    unsigned short status, code, flags
    u64 number
    unsigned int generation
    unsigned char tries, fault
    unsigned short pad
    long long sent_ns, answered_ns
    unsigned char[16] transaction
    u64 pad2
