"""Decoding: every charset, wrong labels, bad bytes, files in two charsets."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.census import code_points
from pipeline.decode import BOMS, OTHERS, DecodeOptions, decode
from pipeline.text.decoding import charsets, realign
from pipeline.text.decoding.charsets import MARK, _by_label, codec_of, decode_with
from pipeline.text.likelihood import log_likelihood
from pipeline.text.mojibake import legacy

HANS = "我们利用智慧工地平台开展模拟施工，优化了工序，很多施工问题便得到解决，提高了施工效率。"
HANT = "我們利用智慧工地平台開展模擬施工，優化了工序，很多施工問題便得到解決，提高了施工效率。"
JAPANESE = "これは日本語の文章です。古い港町の朝はとても静かです。カタカナもあります。"
KOREAN = "나라의 말이 중국과 달라 문자로는 서로 통하지 아니하므로 이런 까닭으로."
RUSSIAN = "Все люди рождаются свободными и равными в своем достоинстве и правах."
FRENCH = "Tous les êtres humains naissent libres et égaux en dignité et en droits, à côté."
POLISH = "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw."
GREEK = "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."
HEBREW = "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם."
ARABIC = "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق."
THAI = "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ"
TURKISH = "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana ığ."

WRITTEN = [
    *((HANS, c) for c in ("gb18030", "utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")),
    *((HANT, c) for c in ("big5hkscs", "gb18030", "utf-8", "utf-16-le", "utf-16-be")),
    *((JAPANESE, c) for c in ("cp932", "euc_jp", "utf-8", "utf-16-le", "iso2022_jp_2")),
    *((KOREAN, c) for c in ("cp949", "johab", "utf-8", "utf-16-be", "iso2022_kr")),
    *((RUSSIAN, c) for c in ("cp1251", "koi8-r", "cp866", "iso8859-5", "utf-8")),
    (FRENCH, "cp1252"),
    (POLISH, "cp1250"),
    (GREEK, "cp1253"),
    (HEBREW, "cp1255"),
    (ARABIC, "cp1256"),
    (THAI, "cp874"),
    (TURKISH, "cp1254"),
    (HANS, "hz"),
    (FRENCH, "cp850"),
    (POLISH, "cp852"),
]


@pytest.mark.parametrize(("text", "codec"), WRITTEN)
def test_the_charset_is_found_without_a_declaration(text: str, codec: str) -> None:
    text = text.encode(codec, "ignore").decode(codec)
    found = decode(text.encode(codec))
    assert found.text == text
    assert found.encoding == codec
    assert found.errors == 0
    assert found.confidence > 0.5


@pytest.mark.parametrize(("text", "codec"), [w for w in WRITTEN if not w[1].startswith("utf")])
@pytest.mark.parametrize("label", ["gb2312", "big5", "utf-8", "iso-8859-1", "shift_jis", "euc-kr"])
def test_a_wrong_label_loses_against_the_evidence(text: str, codec: str, label: str) -> None:
    text = text.encode(codec, "ignore").decode(codec) * 4
    assert decode(text.encode(codec), label).text == text


def test_a_right_label_decides_where_the_evidence_does_not() -> None:
    assert decode("目录".encode("gbk"), "gbk").text == "目录"
    assert decode("ﾃｽﾄﾃﾞｰﾀ".encode("cp932"), "shift_jis").text == "ﾃｽﾄﾃﾞｰﾀ"
    assert decode("目录".encode("gbk")).text == "目录"  # valid UTF-8 by chance
    assert decode("café".encode()).text == "café"  # valid GBK by chance


@pytest.mark.parametrize(("mark", "codec"), BOMS)
def test_a_byte_order_mark_decides_and_goes(mark: bytes, codec: str) -> None:
    found = decode(mark + HANS.encode(codec), "big5")
    assert (found.text, found.encoding) == (HANS, codec)


def test_labels_mean_what_the_web_means_by_them() -> None:
    assert codec_of("GB2312") == codec_of("gbk") == codec_of("x-gbk") == "gb18030"
    assert codec_of(' "Big5" ') == "big5hkscs"
    assert codec_of("latin1") == "cp1252"
    for harmless in ("utf-7", "zlib", "rot13", "unicode_escape", "idna", "x-user-defined", ""):
        assert codec_of(harmless) == ""
    for label, codec in _by_label().items():
        assert "".encode(codec).decode(codec) == "", label


def test_utf_7_is_not_honoured() -> None:
    assert decode(b"+ADw-script+AD4-", "utf-7").text == "+ADw-script+AD4-"


def test_what_the_producers_added_to_the_charsets() -> None:
    assert decode_with(b"\x80100", "gb18030") == ("€100", 0)
    assert decode_with(b"\xad\xa1", "euc_jp") == ("①", 0)  # NEC's row 13
    assert decode_with(b"\xa3\xe1", "big5hkscs") == ("€", 0)
    assert decode_with(b"\xed\xa0\xbd\xed\xb8\x80", "utf-8") == ("😀", 0)  # CESU-8
    assert decode("生僻字：\U00020000㑇。".encode("gb18030")).text == "生僻字：\U00020000㑇。"


@pytest.mark.parametrize(
    ("text", "codec"),
    [(HANS, "gb18030"), (HANT, "big5hkscs"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp"),
     (KOREAN, "cp949"), (HANS, "utf-8")],
)  # fmt: skip
def test_a_bad_byte_costs_one_mark_wherever_it_stands(text: str, codec: str) -> None:
    data = (text * 3).encode(codec)
    places = range(len(text.encode(codec)) // 2, len(text.encode(codec)) // 2 + 12)
    for at in places:
        found = decode(data[:at] + b"\xff" + data[at:])
        assert found.encoding == codec
        assert found.errors == 1
        assert found.text.replace(MARK, "") == text * 3


@pytest.mark.parametrize(
    ("text", "codec"),
    [(HANS, "gb18030"), (HANT, "big5hkscs"), (JAPANESE, "euc_jp"), (KOREAN, "cp949")],
)
@pytest.mark.parametrize("change", [b"", b"A", b"\xff"])
def test_a_lost_or_changed_byte_does_not_put_the_rest_out_of_step(
    text: str, codec: str, change: bytes
) -> None:
    data = (text * 3).encode(codec)
    for at in range(len(data) // 3, len(data) // 3 + 12):
        found = decode(data[:at] + change + data[at + 1 :])
        assert found.text.startswith(text)
        assert found.text.endswith(text)
        assert found.errors <= 2


def test_rare_characters_in_step_stay() -> None:
    """Lists of rare characters read no better in another step, or not enough."""
    rare = "魑魅魍魉饕餮貔貅囹圄龃龉踟蹰觊觎耄耋鳏寡茕孑齑粉醍醐狻猊蟾蜍蜻蜓" * 3
    for codec in ("gb18030", "utf-8"):
        assert decode((HANS + rare + HANS).encode(codec)).text == HANS + rare + HANS


def test_bad_bytes_are_counted_and_genuine_marks_are_not() -> None:
    found = decode(("�" + HANS).encode("gb18030") * 3 + b"\xff")
    assert (found.encoding, found.errors) == ("gb18030", 1)
    assert decode(("�" + HANS).encode()).errors == 0
    assert decode(("�" + HANS).encode() + b"\xff").errors == 1
    assert decode(HANS.encode()[:-2]).errors == 1
    overlong = decode(HANS.encode() + b"\xc0\xaf\xe0\x80\xaf")
    assert overlong.encoding == "utf-8"
    assert "/" not in overlong.text


@pytest.mark.parametrize("codec", ["gb18030", "big5hkscs"])
def test_lines_in_another_charset(codec: str) -> None:
    text = HANT if codec == "big5hkscs" else HANS
    parts = ["utf-8", codec, "utf-8", "ascii", codec, codec]
    lines = [text if part != "ascii" else "plain ASCII" for part in parts]
    lines[-1] = "目录" if codec == "gb18030" else "一"  # 目录 is valid UTF-8 by chance
    data = b"\n".join(line.encode(part) for line, part in zip(lines, parts, strict=True))
    found = decode(data)
    assert found.text == "\n".join(lines)
    assert found.encoding == f"utf-8+{codec}"
    assert found.errors == 0


def test_a_broken_line_of_utf_8_is_not_another_charset() -> None:
    data = (HANS + "\n").encode() * 3 + HANS.encode().replace("模".encode(), b"\xe6\xa8", 1)
    found = decode(data)
    assert (found.encoding, found.errors) == ("utf-8", 1)


def test_a_broken_last_line_is_not_another_charset() -> None:
    for tail in (b"\xc0\xaf\xe0\x80\xaf\xf8\x88\x80\x80\x80", b"\xff\xfe\xfd", b"\xe4\xb8"):
        found = decode((HANS + "\n").encode() + tail)
        assert found.encoding == "utf-8"
        assert found.text.startswith(HANS + "\n�")
    assert decode((HANS + "\n").encode() + b"\xed\xa0\xbd\xed\xb8\x80").text == HANS + "\n😀"


def test_what_is_no_text_has_no_confidence() -> None:
    noise = bytes((i * 7919 >> 5) & 0xFF for i in range(1, 5000))
    assert decode(noise).confidence < 0.1
    assert decode(b"\x7fELF" + bytes(range(256)) * 20).confidence < 0.1


def test_nuls_in_utf_8_are_not_utf_16() -> None:
    found = decode(HANS.replace("，", "，\0").encode())
    assert (found.encoding, found.text.count("\0")) == ("utf-8", HANS.count("，"))


def test_the_sample_is_a_bounded_part() -> None:
    """The charset of a long text is found from its beginning, all of it is decoded."""
    text = "ASCII first. " * 5000 + HANS * 50
    assert decode(text.encode("gb18030"), options=DecodeOptions(sample_bytes=64)).text == text


def test_rare_charsets_do_not_win_a_draw() -> None:
    assert decode("© 2020".encode("cp1252")).encoding == "cp1252"
    assert set(OTHERS) >= {"cp1252", "cp1251"}


def test_likelihood_prefers_the_right_reading() -> None:
    right = log_likelihood(HANS, ("zh",))
    wrong = log_likelihood(HANS.encode("gbk").decode("big5hkscs", "replace"), ("zh",))
    assert right > wrong + 3 * len(HANS)


@given(st.binary(max_size=300), st.sampled_from(["", "gbk", "utf-16", "big5", "nonsense"]))
def test_any_bytes_decode_to_a_text_that_can_be_stored(data: bytes, label: str) -> None:
    found = decode(data, label)
    found.text.encode("utf-8")
    assert 0 <= found.confidence <= 1
    assert found.errors <= len(found.text)


@given(st.text(max_size=200))
def test_utf_8_comes_back_as_it_is(text: str) -> None:
    text = "，" + text.removeprefix("\ufeff").replace("\0", "")
    assert decode(text.encode("utf-8", "ignore")).text == text.encode("utf-8", "ignore").decode()


def test_what_is_no_text_is_not_weighed_byte_by_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(1)
    data = b"\n".join(bytes(draw.choices(range(0x31, 0xFF), k=200)) for _ in range(400))
    weighed: list[str] = []
    plain = charsets._reads

    def counted(data: bytes, way: tuple[str, int], codec: str) -> float:
        weighed.append(codec)
        return plain(data, way, codec)

    monkeypatch.setattr(charsets, "_reads", counted)
    realign.aligned(data, "gb18030", torn=True)
    most = 2 * charsets.MAX_WEIGHINGS + len(data) // realign.WEIGHED
    assert most // 4 < len(weighed) <= 3 * most, "of each byte at most three ways"


def test_a_text_of_which_most_is_lost_is_not_read_in_every_charset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legacy, "_read", lambda *_: pytest.fail("read"))
    codes = code_points("ÄãºÃ" + MARK * 50)
    assert not list(legacy.candidates("cp1252", codes, None))  # type: ignore[arg-type]
