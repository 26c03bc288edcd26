"""Sentences broken across lines.

`breaks` (which texts) and `joinable` (which line breaks of them), then `wrapping` (what goes) by
`width`, `one_width`, `seam`, `fullstop`, `counting`, `frame`, `blanks` and `pagination`; `habit`
(blanks beside Latin words).
"""
