"""Repair of text that was decoded with the wrong encoding, once or several times.

`repairs` has the order of work. Whether to look: `gate` by `flags`, `hopeless` (what says nothing
any more), `habits` (how the text is written). What may have happened: `utf8`, `layers`, `chains`,
`legacy` by `codecs`, `gbk`, `blanks` and `adjoining`, `beneath`, `shift` and `dropped` (lost
bytes), `fill` (holes), `alphabets`, `latin`, `western`. `judge` says whether a repair is one,
`pages` holds texts and what was found in them.
"""
