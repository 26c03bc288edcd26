"""A table of speeds as bars, in SVG that reads well in dark mode too."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

ROW, LEFT, WIDTH = 30, 230, 760  # units: height of a row, room for the names, whole width


def bars(title: str, rows: Sequence[tuple[str, float, bool]], unit: str) -> str:
    """Return an SVG of bars from zero, one a row (name, value, is it ours), values written out."""
    top = max(value for _, value, _ in rows)
    height = ROW * (len(rows) + 1) + 12
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(title)}" font-family="system-ui, sans-serif" font-size="14">',
        "<style>text{fill:#333}.ours{fill:#2f6fc4}.other{fill:#9aa0a6}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>",
        f'<text x="8" y="20" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (name, value, ours) in enumerate(rows, 1):
        y = ROW * number + 4
        long = max((WIDTH - LEFT - 110) * value / top, 1)
        out += [
            f'<text x="{LEFT - 8}" y="{y + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{"ours" if ours else "other"}" x="{LEFT}" y="{y}" '
            f'width="{long:.1f}" height="22"></rect>',
            f'<text x="{LEFT + long + 6:.1f}" y="{y + 16}">{value:.3g} {escape(unit)}</text>',
        ]
    return "\n".join([*out, "</svg>", ""])
