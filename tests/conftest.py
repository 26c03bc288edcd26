"""One Hypothesis profile for all tests: the first example may load tables, so no deadline."""

from hypothesis import settings

settings.register_profile("tables", deadline=None)
settings.load_profile("tables")
