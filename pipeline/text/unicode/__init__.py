"""What the unicode stage finds.

`oddities` (characters nobody typed), `compose` (marks apart from their letters), `entities` of
HTML, `escapes`, `markup` (tags that were left), `transfer` (text as mail carried it).
"""
