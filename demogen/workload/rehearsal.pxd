# Types for the compiled build; what the functions do is said in rehearsal.py.

from demogen.patterns.dice cimport Dice
from demogen.patterns.steps cimport next_step
from demogen.workload.till cimport Till
