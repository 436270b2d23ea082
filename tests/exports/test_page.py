"""The page of exports says all that there is."""

from __future__ import annotations

import re
from pathlib import Path

from phygui.exports import ExportSpec, exports

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")


def test_the_page_names_every_format() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|.*\| .*\|$", PAGE, re.MULTILINE)) >= {
        spec.name for spec in exports()
    }


def test_the_format_of_the_page_is_one(tmp_path: Path) -> None:
    code = PAGE.rpartition("```python\n")[2].partition("```")[0]
    held: dict[str, object] = {}
    exec(code, held)
    assert isinstance(held["EXPORT"], ExportSpec)
