# Types for the compiled build; what the function does is said in transactions.py.

cpdef object _create(object of, object units, tuple sources, tuple targets, str description, dict details)
