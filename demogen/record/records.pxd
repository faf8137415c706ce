# Types for the compiled build; what the functions do is said in records.py.

ctypedef unsigned long long u64

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
