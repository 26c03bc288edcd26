"""Pure functions on strings and arrays, by the stage that they serve.

All stages: `codes` (texts as arrays of code points), `fold` (one script, width and case, for
matching), `lines` and `page` (where lines stand), `code` (what is a program), `ngram` (how likely
Chinese is), `kept` (tables that are kept beside the program).

decode: `charsets`, `realign`, `likelihood`.
mojibake: the folder `mojibake`; its order of work is in `mojibake.repairs`.
unicode: `oddities`, `compose`, `entities`, `escapes`, `markup`, `transfer` (as mail carried it).
annotations: `brackets` (where readings may be), `readings` (whether they are).
punctuation: `punctuate` (the rules) over `spots` (where), by `watched`, `marks`, `pairs`, `gaps`,
`scattered` and `protected`.
reflow: `breaks` (which texts) and `likely` (which line breaks of them), then `wrapping` (what goes)
by `layout`, `width`, `one_width`, `seam`, `fullstop`, `counting`, `frame`, `blanks` and
`pagination`; `habit` (blanks beside Latin words).
metadata: `ends` (which texts), `bylines` (which lines), `byline` (one line: `firstlook`, `grammar`,
`roles`, `names`, `behind`, `dates`, `links`, `statement`), `headline`, `signature`.
boilerplate: `rules` (the tables), `triggers` (which lines) by `places` and `literals`, `hits` (what
rules find in a line) by `rule_patterns`, `prose` (what is none), `removal` (taking lines out).
script: `scripts` (which one), `conversion` by `t2s`, `mends` and `neighbours`; `language`.
repetition: `echoes` (which texts), `alike`, `pasted`, `repeatable`.

`decide` compares what cleaning computes: `shadow`, `shingles`, `powers`, `line_hashes`,
`paragraphs`; `longshadow` and `longlines` are the same for books.
"""
