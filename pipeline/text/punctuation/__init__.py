"""Marks of the width and kind that their neighbours ask for.

`punctuate` (the rules) over `spots` (where), by `watched`, `pairs`, `gaps`, `scattered` and
`protected`.
"""
