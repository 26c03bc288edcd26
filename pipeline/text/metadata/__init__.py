"""Bylines, headlines, signatures: data at the two ends of a text.

`ends` (which texts), `placement` (which lines), `byline` (one line: `firstlook`, `grammar`,
`roles`, `names`, `behind`, `dates`, `links`, `statement`), `headline`, `signature`.
"""
