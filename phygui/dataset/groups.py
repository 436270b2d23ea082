"""The groups of clusters that every dataset has, by the numbers that stand for them.

A lab may add others, numbered from 4.
"""

from __future__ import annotations

NOISE, MUA, GOOD, UNSORTED = range(4)

GROUP_TITLES = {NOISE: "Noise", MUA: "MUA", GOOD: "Good", UNSORTED: "Unsorted"}
"""As they are written in menus and in files."""
GROUP_NAMES = {group: title.lower() for group, title in GROUP_TITLES.items()}
"""As they are called in tables, filters and commands."""
BEST_FIRST = (GOOD, MUA, NOISE, UNSORTED)
"""The order in which they are offered and counted."""
