# Types for the compiled build; what the functions do is said in records.py.

ctypedef unsigned long long u64

cdef extern from *:
    """
    #if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "the journal is little-endian: without a compiler it works anywhere"
    #endif
    typedef __int128 demogen_i128;
    """
    ctypedef long long i128 "demogen_i128"

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

cdef long long[19] powers
cdef int put_id(str text, unsigned char *into) except -1

cpdef bytes intent_record(
    unsigned char action, unsigned short pattern, unsigned short flags, unsigned char legs, unsigned char tries,
    u64 number, unsigned int generation, unsigned int key_generation, u64 key_number, long long due_ns, str subject,
    unsigned int ledger, unsigned short phase
)
cpdef bytes move_record(
    unsigned int generation, u64 number, unsigned int payer, unsigned char payer_key, unsigned int payee,
    unsigned char payee_key, object units, int scale
)
cpdef bytes legs_record(unsigned int generation, u64 number, list rows)
cpdef bytes outcome_record(
    unsigned char outcome, unsigned short status, unsigned short code, unsigned short flags, u64 number,
    unsigned int generation, unsigned char tries, unsigned char fault, long long sent_ns, long long answered_ns,
    str transaction_id
)
cpdef bytes id_bytes(str text)
