"""Readings after characters: 項(xiàng)目.

`brackets`: where they may be; `readings`: whether they are.
"""
