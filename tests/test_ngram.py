"""The n-gram model: that it tells text from wreckage, and its two ways of asking agree."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.census import code_points
from pipeline.text.ngram import _keys, load

# From the constitution of the People's Republic and the Universal Declaration: public texts.
SIMPLIFIED = "中华人民共和国的一切权力属于人民。人民行使国家权力的机关是全国人民代表大会"
TRADITIONAL = "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心"
JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。"


@pytest.mark.parametrize("text", [SIMPLIFIED, TRADITIONAL, JAPANESE])
@pytest.mark.parametrize("wrong", ["gb18030", "cp950", "cp932", "latin-1"])
def test_text_beats_its_wreckage(text: str, wrong: str) -> None:
    model = load()
    assert model.score(text) > model.score(text.encode().decode(wrong, "replace")) + 3


def test_scripts_and_widths_fold() -> None:
    model = load()
    assert model.score("國家，１９４９") == model.score("国家,1949")


def test_batch_and_step_agree_with_the_whole() -> None:
    model = load()
    texts = [SIMPLIFIED, "", TRADITIONAL, "A\U0001f600b\x00"]
    assert model.scores(texts) == pytest.approx([model.score(t) for t in texts], abs=1e-5)
    s = [model.symbol(c) for c in "\n\n" + SIMPLIFIED]
    steps = [model.log_prob(*s[i : i + 3]) for i in range(len(SIMPLIFIED))]
    assert steps == pytest.approx(model.log_probs(code_points(SIMPLIFIED)).tolist(), abs=1e-4)


def test_keys_are_sorted_and_unique() -> None:
    model = load()
    for keys in (model.pairs.mixed, model.triples.mixed):
        assert (keys[1:] > keys[:-1]).all()


@given(st.sets(st.integers(0, (1 << 28) - 1), min_size=1, max_size=60), st.data())
def test_keys_are_found_and_others_are_not(some: set[int], data: st.DataObject) -> None:
    keys, order = _keys(np.array(list(some), np.uint32), 28)
    others = data.draw(st.lists(st.integers(0, (1 << 28) - 1), max_size=20))
    wanted = [*some, *others, *(key ^ 1 for key in some)]
    at, there = keys.find(np.array(wanted, np.uint32))
    assert there.tolist() == [key in some for key in wanted]
    given_keys = np.array(list(some))[order]
    assert given_keys[at[there]].tolist() == [key for key in wanted if key in some]
    assert [keys.at(key) for key in wanted] == np.where(there, at, -1).tolist()
