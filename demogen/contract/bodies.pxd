# Types for the compiled build; what the function does is said in bodies.py.

cpdef bytes everyday_body(object asked, str mark, dict heads, dict texts)
