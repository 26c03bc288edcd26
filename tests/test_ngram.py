"""The n-gram model: that it tells text from wreckage, and its two ways of asking agree."""

import pytest

from pipeline.census import code_points
from pipeline.text.ngram import load

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
