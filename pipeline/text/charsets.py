"""The charsets that text is found in: what their labels mean, and decoding that loses nothing else.

Python's codecs stop at a byte that the producers of the text did use: 0x80 is € in Windows' GBK,
row 13 of EUC-JP has ①, Big5 was extended many times. The error handlers here know these, and mark
what is really undecodable, byte by byte, so that decoding goes on at the next character.
"""

from __future__ import annotations

import codecs
import re

MARK = "�"

# What a label means in practice (WHATWG Encoding Standard; chardet's and Windows' names besides).
_LABELS = {
    "gb18030": "gb2312 gbk gb_2312-80 gb2312-80 x-gbk chinese csgb2312 iso-ir-58 csiso58gb231280 "
    "gb18030 gb18030-2000 cp936 936 ms936 windows-936 euc-cn euccn x-euc-cn",
    "big5hkscs": "big5 big-5 cn-big5 x-x-big5 csbig5 cp950 950 ms950 windows-950 big5-hkscs "
    "big5hkscs big5-eten",
    "cp932": "shift_jis shift-jis shiftjis sjis x-sjis s-jis ms_kanji csshiftjis windows-31j cp932 "
    "932 ms932 mskanji",
    "euc_jp": "euc-jp eucjp x-euc-jp euc_jp cseucpkdfmtjapanese ujis",
    "cp949": "euc-kr euckr euc_kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 korean cseuckr "
    "cp949 949 ms949 uhc windows-949 iso-ir-149",
    "johab": "johab cp1361 ms1361",
    "iso2022_jp_2": "iso-2022-jp csiso2022jp iso2022jp iso-2022-jp-2 iso-2022-jp-ext",
    "iso2022_kr": "iso-2022-kr csiso2022kr iso2022kr",
    "hz": "hz hz-gb-2312 hzgb",
    "utf-8": "utf-8 utf8 utf_8 utf-8-sig unicode-1-1-utf-8 x-unicode20utf8",
    "utf-16-le": "utf-16 utf16 utf-16le utf-16-le utf_16_le unicode ucs-2 csunicode",
    "utf-16-be": "utf-16be utf-16-be utf_16_be unicodefffe",
    "utf-32-le": "utf-32 utf32 utf-32le utf-32-le utf_32_le",
    "utf-32-be": "utf-32be utf-32-be utf_32_be",
    "cp1252": "iso-8859-1 iso8859-1 latin1 latin-1 l1 ascii us-ascii windows-1252 cp1252 ansi "
    "iso-8859-15",
    "cp1254": "iso-8859-9 iso8859-9 latin5 windows-1254 cp1254",
    "cp874": "tis-620 tis620 iso-8859-11 windows-874 cp874",
    "cp1250": "windows-1250 cp1250 x-cp1250",
    "iso8859-2": "iso-8859-2 iso8859-2 latin2 l2",
    "cp1251": "windows-1251 cp1251 x-cp1251",
    "iso8859-5": "iso-8859-5 iso8859-5 cyrillic",
    "koi8-r": "koi8-r koi8r koi koi8 cskoi8r",
    "koi8-u": "koi8-u koi8-ru",
    "cp866": "ibm866 cp866 866 csibm866",
    "cp855": "ibm855 cp855 855",
    "mac-cyrillic": "x-mac-cyrillic maccyrillic mac-cyrillic x-mac-ukrainian",
    "mac-roman": "macintosh mac x-mac-roman macroman mac-roman",
    "cp1253": "windows-1253 cp1253 iso-8859-7 iso8859-7 greek",
    "cp1255": "windows-1255 cp1255 iso-8859-8 iso-8859-8-i hebrew logical",
    "cp1256": "windows-1256 cp1256",
    "iso8859-6": "iso-8859-6 arabic",
    "cp1257": "windows-1257 cp1257 iso-8859-13 iso-8859-4",
    "cp1258": "windows-1258 cp1258",
}  # fmt: skip
_BY_LABEL = {label: codec for codec, labels in _LABELS.items() for label in labels.split()}


def codec_of(label: str) -> str:
    """Return the codec that a declared label means in practice; empty for one that means nothing.

    Only charsets: Python knows codecs that are none (zlib, rot13, idna), and UTF-7 hides markup.

    >>> codec_of("GB2312"), codec_of("x-sjis"), codec_of("utf-7")
    ('gb18030', 'cp932', '')
    """
    return _BY_LABEL.get(label.strip().strip("\"'").lower().replace(" ", ""), "")


def decode_with(data: bytes, codec: str) -> tuple[str, int]:
    """Return the text and the number of marks (U+FFFD) put for what could not be decoded."""
    try:
        return data.decode(codec), 0
    except UnicodeDecodeError:
        pass
    text = data.decode(codec, _HANDLER_OF.get(codec, "replace"))
    genuine = data.count(_GENUINE[codec]) if codec in _GENUINE else 0
    return text, max(0, text.count(MARK) - genuine)


# How a text itself says U+FFFD; the other charsets cannot.
_GENUINE = {"utf-8": b"\xef\xbf\xbd", "gb18030": b"\x84\x31\xa4\x37"}
_TRAIL = {  # second bytes of a pair: an unassigned pair is one mark, not a mark and a letter
    "big5hkscs": re.compile(rb"[\x81-\xfe][\x40-\x7e\xa1-\xfe]"),
    "cp932": re.compile(rb"[\x81-\x9f\xe0-\xfc][\x40-\x7e\x80-\xfc]"),
    "euc_jp": re.compile(rb"[\xa1-\xfe][\xa1-\xfe]"),
    "cp949": re.compile(rb"[\x81-\xfe][\x41-\x5a\x61-\x7a\x81-\xfe]"),
}
_OTHER_TABLES = {"big5hkscs": ("cp950",), "cp932": ("shift_jis_2004",), "euc_jp": ("euc_jis_2004",)}


def _utf8(error: UnicodeError) -> tuple[str, int]:
    """Join surrogates that were written as UTF-8 (CESU-8); mark the longest broken start."""
    assert isinstance(error, UnicodeDecodeError)
    six = error.object[error.start : error.start + 6]
    if len(six) == 6 and six[0] == 0xED and 0xA0 <= six[1] <= 0xAF and six[3] == 0xED:
        try:
            pair = six.decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
            return pair.decode("utf-16-le"), error.start + 6
        except UnicodeDecodeError:
            pass
    return MARK, error.end


def _gb18030(error: UnicodeError) -> tuple[str, int]:
    """0x80 is the euro sign of Windows' code page 936."""
    assert isinstance(error, UnicodeDecodeError)
    return "€" if error.object[error.start] == 0x80 else MARK, error.start + 1


def _pairs(codec: str) -> None:
    """Register the handler of a charset of pairs: try other tables, then mark the pair once."""

    def handler(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        pair = error.object[error.start : error.start + 2]
        if not _TRAIL[codec].fullmatch(pair):
            return MARK, error.start + 1
        for other in _OTHER_TABLES.get(codec, ()):
            try:
                return pair.decode(other), error.start + 2
            except UnicodeDecodeError:
                continue
        return MARK, error.start + 2

    codecs.register_error(f"pipeline-{codec}", handler)


codecs.register_error("pipeline-utf-8", _utf8)
codecs.register_error("pipeline-gb18030", _gb18030)
for _codec in _TRAIL:
    _pairs(_codec)
_HANDLER_OF = {codec: f"pipeline-{codec}" for codec in ("utf-8", "gb18030", *_TRAIL)}
