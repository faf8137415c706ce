# Types for the compiled build; what the function does is said in frames.py.

cpdef bytes everyday_frame(object request, bytes prefix, bytes between, bytes between_json)
