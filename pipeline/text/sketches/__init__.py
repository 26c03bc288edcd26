"""What cleaning leaves behind for `decide` to compare.

`shadow`, `shingles`, `powers`, `line_hashes`, `paragraphs`; `longshadow` is the shadow of a book.
"""
