"""The slow-moving entities of contract section 3, one file each, over one generic set of handlers.

May import: demogen.sandbox.
"""
