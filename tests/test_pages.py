"""Every snippet of README, CONTRIBUTING and the pages: Python runs, commands are understood.

The snippets of a page run in order, in a fresh folder with the data that the pages name. What
cannot run stands below a comment that says why, unseen on the page: ``<!-- not run: WHY -->``.
"""

from __future__ import annotations

import doctest
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import click
import numpy as np
import pytest
from click.testing import CliRunner

import phygui
from phygui import cli, notebook, plugins
from phygui.analysis import find_metric, unregister_metric
from phygui.curation import register_quality, register_similarity
from phygui.simulate import make_demo

ROOT = Path(__file__).parent.parent
PAGES = {
    path.name: path.read_text("utf-8")
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
    )
}
LANGUAGES = {"python", "sh", "text", "toml", "{eval-rst}", "{toctree}"}
WITH_ANALYZER = "export.md", "formats.md"
"""Pages that begin with an analyzer of SpikeInterface."""

QUICK = "README.md", "from-python.md", "plugins.md"
"""Pages that are run each time; the others are slow."""

CHAPTER = "working-with-kwik-files.md"
"""The page whose snippets are examples of a session at the prompt, with what they print."""

RUN = {"describe", "recover", "restore", "doctor", "new-plugin"}
"""Commands that are quick and so are carried out, not only understood."""

OTHERS = {"cd", "conda", "dask-ssh", "env", "git", "make", "pip", "pipx", "python", "sudo", "uv"}


class Snippet(NamedTuple):
    """What stands between two fences of a page."""

    line: int
    language: str
    code: str
    not_run: str


def snippets(text: str) -> list[Snippet]:
    """The snippets of a page, in order."""
    pattern = r"(?:^<!-- not run: ([^\n]*) -->\n)?^```([^\n]*)\n(.*?)^```$"
    found = re.finditer(pattern, text, re.DOTALL | re.MULTILINE)
    return [
        Snippet(text[: each.start(2)].count("\n") + 1, each[2], each[3], each[1] or "")
        for each in found
    ]


ALL = [(page, snippet) for page, text in PAGES.items() for snippet in snippets(text)]
WITH_PYTHON = sorted(
    {page for page, s in ALL if (s.language == "python" or "In [" in s.code) and page != CHAPTER}
)


def commands(code: str) -> Iterator[list[str]]:
    """The words of each command of a shell snippet."""
    for line in code.replace("\\\n", " ").splitlines():
        for part in line.split("&&"):
            if words := shlex.split(part, comments=True):
                yield words


def understand(words: list[str]) -> tuple[str, list[str]]:
    """Have click read a command; returns the name of the command and what follows it."""
    program, *given = words
    if program == "phy-gui":
        cli.gui.make_context(program, [*given])
        return program, given
    with cli.main.make_context(program, ["doctor"]) as context:
        given = [word for word in given if word != "--no-plugins"]
        name, command, rest = cli.main.resolve_command(context, given)
        assert command is not None
        command.make_context(str(name), [*rest], parent=context)
        return str(name), rest


@pytest.fixture(autouse=True)
def _plugins_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's command may switch them off, for all of the process."""
    monkeypatch.setenv("PHYGUI_NO_PLUGINS", "")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages name: a Kwik dataset under two names, and a folder of Kilosort."""
    folder = tmp_path_factory.mktemp("pages")
    made = make_demo(
        folder, name="myexperiment", n_spikes=3000, n_clusters=14, duration=20.0, raw="dat"
    )
    with phygui.Session.open(made.kwik_path) as session:
        session.move([2, 3], "good")
        session.save()
    phygui.export(made.kwik_path, "phy", folder / "kilosort4")
    return folder


@pytest.fixture
def folder(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the data, in which the snippets run."""
    for path in data.iterdir():
        if path.is_file():
            shutil.copyfile(path, tmp_path / path.name)
            shutil.copyfile(path, tmp_path / path.name.replace("myexperiment", "one"))
    shutil.copytree(data / "kilosort4", tmp_path / "kilosort4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def without_a_loop(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Pictures are made by an application as a kernel has it; windows are only asked for."""
    from phygui.gui.app.app import Application

    made: list[Any] = []
    opened: list[Any] = []

    def running() -> Any:
        made.extend([] if made else [Application()])
        return made[0]

    monkeypatch.setattr(notebook, "_running", running)
    monkeypatch.setattr(cli, "gui", opened.append)
    yield opened
    for each in made:
        each.close()


@pytest.fixture
def as_before() -> Iterator[None]:
    """What snippets register is gone afterwards."""
    yield
    register_quality(None)
    register_similarity(None)
    if find_metric("burst_share"):
        unregister_metric("burst_share")


def test_every_snippet_is_of_a_kind_that_is_looked_at() -> None:
    for page, snippet in ALL:
        assert snippet.language in LANGUAGES, f"{page}:{snippet.line}"
        # What is text is shown, not typed, but for a session in the console.
        is_typed = re.search(r"^(import|phygui|phy-gui|session)\b", snippet.code, re.MULTILINE)
        assert snippet.language != "text" or not is_typed, f"{page}:{snippet.line}"
    for page, text in PAGES.items():
        assert len(re.findall("^```", text, re.MULTILINE)) == 2 * len(snippets(text)), page
        marks = sum(bool(snippet.not_run) for snippet in snippets(text))
        written = len(re.findall("^<!-- not run", text, re.MULTILINE))
        assert written == marks, f"{page}: a mark that belongs to no snippet"
    assert [(page, s.language) for page, s in ALL if s.not_run] == [("archive.md", "python")]


def run_python(page: str, names: dict[str, Any]) -> int:
    """Run the snippets of a page in order; returns how many there were."""
    n_run = 0
    for snippet in snippets(PAGES[page]):
        code = snippet.code
        if snippet.language == "text":
            code = "".join(re.findall(r"^In \[\d+\]: (.*\n)", code, re.MULTILINE))
        elif snippet.language != "python" or snippet.not_run:
            continue
        # Lines of an error are those of the page.
        exec(compile("\n" * snippet.line + code, page, "exec"), names)
        n_run += 1
    return n_run


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=[] if p in QUICK else [pytest.mark.slow]) for p in WITH_PYTHON],
)
def test_the_python_of_a_page_runs(
    page: str,
    folder: Path,
    without_a_loop: list[Any],
    as_before: None,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    module = ModuleType("a_page")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    if page in WITH_ANALYZER:
        request.getfixturevalue("analyzer")
    # What the console has at hand, where a page shows it.
    is_console = "In [1]" in PAGES[page]
    with ThreadPoolExecutor(1) as thread:
        if is_console:
            session = phygui.Session.open("one.kwik")
            session.learn_all()
            at_hand = {"session": session, "model": session.model, "np": np}
            module.__dict__.update(at_hand, later=thread.submit, my_analysis=np.diff)
        assert run_python(page, module.__dict__)
        if is_console:
            session.close(discard=True)
    if isinstance(still := module.__dict__.get("session"), phygui.Session):
        still.close(discard=True)
    if page == "similarity.md":
        assert without_a_loop == [["myexperiment.kwik"]]


@pytest.fixture
def analyzer(folder: Path) -> None:
    """What the pages on SpikeInterface begin with: an analyzer that was curated, and an export."""
    from spikeinterface.core import create_sorting_analyzer, generate_ground_truth_recording

    recording, sorting = generate_ground_truth_recording([5.0], num_channels=4, num_units=4, seed=0)
    made = create_sorting_analyzer(
        sorting, recording, format="binary_folder", folder=folder / "NAME", sparse=False
    )
    made.compute(["random_spikes", "templates"])
    with phygui.Session.open(folder / "NAME") as session:
        session.merge(session.cluster_ids[:2].tolist())
        session.save()
    phygui.export("myexperiment.kwik", "spikeinterface", folder / "OUT")


@pytest.mark.slow
def test_the_prompt_of_the_chapter_prints_what_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    text = PAGES[CHAPTER]
    lines = [""] * len(text.splitlines())
    for snippet in snippets(text):
        if snippet.language == "python":
            inside = snippet.code.splitlines()
            lines[snippet.line : snippet.line + len(inside)] = inside
    test = doctest.DocTestParser().get_doctest(
        "\n".join(lines) + "\n", {"__name__": "__main__"}, CHAPTER, str(ROOT / "docs" / CHAPTER), 0
    )
    assert len(test.examples) == len(re.findall(r"^>>> ", text, re.MULTILINE)) > 10
    monkeypatch.chdir(tmp_path)
    complaints: list[str] = []
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    with capsys.disabled():  # the runner replaces sys.stdout itself
        result = doctest.DocTestRunner(optionflags=flags).run(test, out=complaints.append)
    assert result.failed == 0, "".join(complaints)


def test_the_commands_of_all_pages_are_understood_and_quick_ones_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHYGUI_PLUGINS", str(folder / "plugins"))
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    n_run = 0
    for page, snippet in ALL:
        if snippet.language != "sh":
            continue
        for words in commands(snippet.code):
            said = f"{page}:{snippet.line}: {shlex.join(words)}"
            if words[0] not in ("phygui", "phy-gui"):
                assert words[0] in OTHERS, said
                assert words[0] != "make" or words[1] in targets, said
                continue
            try:
                name, rest = understand(words)
            except click.UsageError as error:
                raise AssertionError(f"{said}: {error.format_message()}") from None
            # An older state and a crash are only there in the tests of these commands.
            if name in RUN and len(rest) < 2 + (name == "new-plugin"):
                ran = CliRunner().invoke(cli.main, words[1:])
                assert ran.exit_code == 0, f"{said}: {ran.output}"
                n_run += 1
    plugins.forget()
    assert n_run >= 4


def test_commands_in_the_sentences_of_all_pages_are_understood() -> None:
    """In a sentence, what an option is about may be left out."""
    n_found = 0
    for page, text in PAGES.items():
        for said in re.findall(r"`(phy(?:gui|-gui) [^`]*)`", text):
            words = shlex.split(re.sub(r"\s+", " ", said.replace("...", "X")))
            if words[1] in ("X", "COMMAND") or "COMMAND" in words:
                continue
            try:
                understand(words)
            except (click.MissingParameter, click.BadOptionUsage, click.exceptions.Exit):
                pass  # what prints and ends, such as --formats, is understood as well
            except click.UsageError as error:
                raise AssertionError(f"{page}: {said}: {error.format_message()}") from None
            n_found += 1
    assert n_found > 20


def test_the_reference_calls_everything_as_users_import_it() -> None:
    """From the package, or from one of its rooms where that lists it."""
    named = re.findall(r"^\.\. auto(?:class|function):: ([\w.]+)$", PAGES["api.md"], re.MULTILINE)
    assert len(named) > 10
    for full in named:
        module, _, name = full.rpartition(".")
        assert module.count(".") < 2, full
        assert name in import_module(module).__all__, full
    assert set(phygui.__all__) - {"__version__"} <= set(re.findall(r"\w+", PAGES["api.md"]))


def anchors(text: str) -> set[str]:
    """What headings are called in links, as GitHub and MyST do it."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.S | re.M), re.M)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower() for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md", "SECURITY.md"])
def test_links_lead_to_files_and_headings_that_there_are(page: str) -> None:
    path = next(p for p in (ROOT / page, ROOT / "docs" / page) if p.exists())
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text("utf-8")), link


def test_what_is_a_snippet(folder: Path) -> None:
    text = "Say\n```sh\nls # all\n```\n<!-- not run: no time -->\n```python\n1 + 1\n```\n"
    assert snippets(text) == [
        Snippet(2, "sh", "ls # all\n", ""),
        Snippet(6, "python", "1 + 1\n", "no time"),
    ]
    assert list(commands("a 'b c' \\\n  d && e\n# f\n")) == [["a", "b c", "d"], ["e"]]
    with pytest.raises(click.UsageError, match="No such option"):
        understand(["phygui", "describe", "x.kwik", "--deep"])
    with pytest.raises(click.UsageError, match="No such command"):
        understand(["phygui", "describes"])
