"""What a text says twice.

`echoes` (which texts), `alike`, `pasted` (whole articles), `repeatable` (what may be repeated).
"""
