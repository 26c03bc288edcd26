"""Write pipeline/tables/script/only.tsv: the characters that occur in one script only.

Source: OpenCC (Apache-2.0), configurations t2s and s2t. Characters that both scripts use (后, 里,
干, 于, 台, ...) are in neither list.
"""

from pathlib import Path

import opencc

HEAD = """\
# Characters of one script only, from OpenCC (Apache-2.0), by tools/build_script_only.py.
# traditional: t2s changes it. simplified: s2t changes it, and it is not itself in wide use in
# Traditional text (the one-to-many characters such as 后 里 干 are left out).
"""
SHARED = (
    "后里干于台丑面几余斗谷云范志制表极松困合系卷冲准升姜咸回才折胡克厂症辟致吁郁征占朱"
    "周游沈岳岩布占党据划价仆伙累曲术卜广了万与丰么亏仇仑价优众伙佣佛体余侠借僵冬凄凌别刮千"
    "卤厘双只叶吊同向听咨咤哄唇喂噪坛坏壮复夸夫奸娘宁它宝家尝尽岭帘幸庄异弦录彩彷径御态怜恤愈"
    "愿戚扎托扣抵拓挂挽捂捆据携摆摺撑暗杆杠板核梁注泄洒淀涂温滚漓灶炮狸猫畜痒盐着砂确碱秋秘种"
    "筑签粘粽累绑群腌腊腭舍苏苹药获葱蒙蔑虫蜡蝎表裙袜赞辟迹迷适遁酸采里鉴针铲锤闲雇霉靓颠鬼鱼"
)


def main() -> None:
    t2s, s2t = opencc.OpenCC("t2s"), opencc.OpenCC("s2t")
    han = [chr(c) for c in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000))]
    traditional = [c for c in han if t2s.convert(c) != c and c != "乾"]
    kept = set(traditional)
    simplified = [c for c in han if s2t.convert(c) != c and c not in kept and c not in SHARED]
    # A character that is itself the Traditional form of another is used in both.
    target = {s2t.convert(c) for c in han}
    simplified = [c for c in simplified if c not in target]
    out = Path(__file__).parents[1] / "pipeline/tables/script/only.tsv"
    rows = f"traditional\t{''.join(traditional)}\nsimplified\t{''.join(simplified)}\n"
    out.write_text(HEAD + rows, "utf-8")


if __name__ == "__main__":
    main()
