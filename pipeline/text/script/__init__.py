"""Simplified and Traditional, by region.

`scripts` and `language` (what a text is in), `conversion` by `t2s`, `mends` and `neighbours`.
"""
