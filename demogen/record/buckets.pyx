"""The compiled twin of buckets.py: the same counts, in pages of C numbers that are made when first counted in."""

cimport cython
from cpython.mem cimport PyMem_Calloc, PyMem_Free

#: Small, as a second's histogram of a rare pattern has a page for nearly every count.
DEF BITS = 7
DEF PAGE = 1 << BITS
#: As many as the longest duration in nanoseconds that fits 63 bits takes.
DEF PAGES = 46_080 // PAGE

cdef extern from *:
    int __builtin_clzll(u64 bits) noexcept


cpdef inline long long bucket_of(long long us) noexcept:
    cdef int shift
    if us < 2048:
        return us if us > 0 else 0
    shift = 53 - __builtin_clzll(<u64>us)
    return (<long long>shift << 10) + (us >> shift)


def highest_us(bucket):
    if bucket < 2048:
        return bucket
    shift = (bucket >> 10) - 1
    mantissa = bucket - (shift << 10)
    return ((mantissa + 1) << shift) - 1


@cython.final
cdef class Buckets:
    def __init__(self, counts=()):
        cdef dict given = counts if type(counts) is dict else dict(counts)
        for bucket, count in given.items():
            self._place(bucket)[0] += <u64>count

    def __dealloc__(self):
        cdef int page
        if self._pages != NULL:
            for page in range(PAGES):
                PyMem_Free(self._pages[page])
            PyMem_Free(self._pages)

    cdef u64 *_place(self, long long bucket) except NULL:
        cdef long long page = bucket >> BITS
        if page < 0 or page >= PAGES:
            raise OverflowError(f"no duration falls into bucket {bucket}")
        if self._pages == NULL:
            self._pages = <u64 **>PyMem_Calloc(PAGES, sizeof(u64 *))
            if self._pages == NULL:
                raise MemoryError()
        if self._pages[page] == NULL:
            self._pages[page] = <u64 *>PyMem_Calloc(PAGE, sizeof(u64))
            if self._pages[page] == NULL:
                raise MemoryError()
        return self._pages[page] + (bucket & (PAGE - 1))

    cpdef count(self, long long us):
        self._place(bucket_of(us))[0] += 1

    cpdef merge(self, Buckets other):
        cdef int page, at
        cdef u64 *ours
        cdef u64 *theirs
        if other._pages == NULL:
            return
        for page in range(PAGES):
            theirs = other._pages[page]
            if theirs != NULL:
                ours = self._place(page * PAGE)
                for at in range(PAGE):
                    ours[at] += theirs[at]

    def at_most(self, bounds_us):
        cdef list counts = []
        cdef long long bucket = 0, beyond
        cdef u64 seen = 0
        for bound in bounds_us:
            beyond = min(bucket_of(<long long>bound + 1), PAGES * PAGE) if self._pages != NULL else 0
            while bucket < beyond:
                if self._pages[bucket >> BITS] == NULL:
                    bucket = ((bucket >> BITS) + 1) << BITS
                else:
                    seen += self._pages[bucket >> BITS][bucket & (PAGE - 1)]
                    bucket += 1
            counts.append(seen)
        return counts

    cpdef dict copy(self):
        cdef dict counts = {}
        cdef int page, at
        cdef u64 *place
        if self._pages != NULL:
            for page in range(PAGES):
                place = self._pages[page]
                if place != NULL:
                    for at in range(PAGE):
                        if place[at]:
                            counts[page * PAGE + at] = place[at]
        return counts

    def items(self):
        return self.copy().items()

    def keys(self):
        return self.copy().keys()

    def values(self):
        return self.copy().values()

    def __iter__(self):
        return iter(self.copy())

    def __len__(self):
        return len(self.copy())

    def __getitem__(self, long long bucket):
        cdef u64 count = 0
        if self._pages != NULL and 0 <= bucket < PAGES * PAGE and self._pages[bucket >> BITS] != NULL:
            count = self._pages[bucket >> BITS][bucket & (PAGE - 1)]
        if count == 0:
            raise KeyError(bucket)
        return count

    def __eq__(self, other):
        return self.copy() == (<Buckets>other).copy() if isinstance(other, Buckets) else self.copy() == other

    def __repr__(self):
        return repr(self.copy())

    def __reduce__(self):
        return Buckets, (self.copy(),)

    def __deepcopy__(self, memo):
        cdef Buckets made = Buckets()
        made.merge(self)
        return made
