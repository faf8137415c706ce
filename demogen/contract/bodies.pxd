# Types for the compiled build; what the function does is said in bodies.py.

cpdef bytes everyday_body(object intent, str mark, dict heads, dict texts)
