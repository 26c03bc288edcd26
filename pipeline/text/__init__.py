"""Pure functions on strings and arrays."""
