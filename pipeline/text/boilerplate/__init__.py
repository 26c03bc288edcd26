"""Lines that belong to the page, not to the article, by rule.

`rules` (the tables), `triggers` (which lines of a batch) by `places` and `literals`, `hits` (what
rules find in a line) by `rule_patterns`.
"""
