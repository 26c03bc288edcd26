"""Bytes that no header speaks for.

`charsets`: which encoding; `realign`: where characters lost a byte.
"""
