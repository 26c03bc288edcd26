"""Pure functions on strings and arrays: a folder for each stage; here what several of them use.

`codes` (texts as arrays of code points), `fold` (one script, width and case, for matching),
`lines`, `page`, `longlines` (where lines stand; in a book), `layout` and `marks` (what stands in
a line), `prose` (which lines are prose), `code` (what is a program), `removal` (taking lines
out), `ngram` (how likely Chinese is), `likelihood` (how likely a decoding is), `kept` (tables
kept beside the program).

Folders: `decoding`, `mojibake`, `unicode`, `annotations`, `punctuation`, `reflow`, `metadata`,
`boilerplate`, `script`, `repetition`, and `sketches` for `decide`.
"""
