# Types for the compiled build; what the function does is said in steps.py.

cpdef object next_step(object script, object receipt)
