"""Every snippet of the user guide runs, in order, and prints what the guide shows."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
CHAPTERS = ["working-with-kwik-files.md"]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def snippets(text: str) -> str:
    """The Python snippets of a Markdown text, everything else blank, lines kept in place."""
    lines, inside = [], False
    for line in text.splitlines():
        fence = line.startswith("```")
        if fence:
            inside = line.strip() == "```python" and not inside
        lines.append(line if inside and not fence else "")
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_snippets_of_a_chapter(
    chapter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    text = (DOCS / chapter).read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(
        snippets(text), {"__name__": "__main__"}, chapter, str(DOCS / chapter), 0
    )
    assert len(test.examples) == len(re.findall(r"^>>> ", text, flags=re.MULTILINE)) > 10
    monkeypatch.chdir(tmp_path)
    complaints: list[str] = []
    with capsys.disabled():  # the runner replaces sys.stdout itself
        result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=complaints.append)
    assert result.failed == 0, "".join(complaints)


def test_only_python_snippets_are_kept():
    text = "Say\n```console\n$ ls\n```\n```python\n>>> 1 + 1\n2\n```\n>>> no\n"
    assert snippets(text).split() == [">>>", "1", "+", "1", "2"]
    assert snippets(text).splitlines()[5] == ">>> 1 + 1"
