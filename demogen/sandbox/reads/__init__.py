"""Reading the book, and the small changes a reader may make: descriptions, metadata (contract 2.3, 4, 5, 8.1).

May import: demogen.sandbox.
"""
