# Types for the compiled build; what the functions do is said in parser.py.

from demogen.client.engine.heads cimport plain_length, status_of
