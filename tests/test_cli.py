"""The commands as a shell sees them: exit codes, what they print, and no traceback ever."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import pytest
from qtpy.QtGui import QImage

from phygui import KwikModel, Session, __version__
from phygui.curation.edits.update import EditError
from phygui.errors import DatasetError
from phygui.simulate import make_demo
from tests.formats.phy.folders import make as make_folder

GUI, KWIK = "from phygui.cli import gui as run; run()", "from phygui.cli import main as run; run()"


def run(command: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_version_and_help() -> None:
    assert __version__ in run(GUI, "--version").stdout
    told = run(GUI, "--help").stdout
    for option in ("--demo", "--channel-group", "--clustering", "--read-only", "--reset-layout"):
        assert option in told
    assert "describe" in run(KWIK, "--help").stdout


def not_there(folder: Path) -> Path:
    return folder / "absent.kwik"


def not_hdf5(folder: Path) -> Path:
    path = folder / "text.kwik"
    path.write_text("not HDF5 at all")
    return path


def not_kwik(folder: Path) -> Path:
    path = folder / "other.kwik"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    return path


def other_version(folder: Path) -> Path:
    path = not_kwik(folder)
    with h5py.File(path, "a") as file:
        file.attrs["kwik_version"] = 3
    return path


def empty(folder: Path) -> Path:
    path = folder / "empty.kwik"
    path.touch()
    return path


def out_of_reach(folder: Path) -> Path:
    """A name that the system refuses to look for."""
    return folder / f"{'long' * 100}.kwik"


@pytest.mark.parametrize(
    "make",
    [
        not_there,
        not_hdf5,
        # A process each for sentences that opening them in this one is tested for as well.
        *(
            pytest.param(make, marks=pytest.mark.slow)
            for make in (not_kwik, other_version, empty, out_of_reach, Path)
        ),
    ],
)
@pytest.mark.parametrize("command", [(GUI,), (KWIK, "describe")], ids=["phy-gui", "phy-kwik"])
def test_what_cannot_be_opened_gives_one_sentence_and_exit_code_2(
    make: Callable[[Path], Path], command: tuple[str, ...], tmp_path: Path
) -> None:
    path = make(tmp_path)
    ended = run(command[0], *command[1:], path)
    assert ended.returncode == 2, ended
    assert ended.stdout == ""
    (sentence,) = ended.stderr.strip().splitlines()
    assert path.name in sentence
    assert "Traceback" not in sentence


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(("--channel-group", 7), "7"), (("--clustering", "nothing"), "nothing")],
)
def test_a_place_that_the_file_lacks_is_named(
    small: Path, arguments: tuple[object, ...], word: str
) -> None:
    ended = run(GUI, small, *arguments)
    assert ended.returncode == 2
    assert word in ended.stderr
    assert "Traceback" not in ended.stderr


def test_impossible_combinations_are_refused(small: Path) -> None:
    assert run(GUI, small, "--demo").returncode == 2
    assert run(GUI, "--screenshot", "x.png").returncode == 2


def test_without_a_display_it_says_so(small: Path) -> None:
    ended = run(GUI, small, DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert ended.returncode == 2
    assert "no display" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_screenshot_paints_everything_and_exits_0(small: Path, tmp_path: Path) -> None:
    before = small.read_bytes()
    picture = tmp_path / "window.png"
    ended = run(GUI, small, "--read-only", "--reset-layout", "--screenshot", picture)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    image = QImage(str(picture))
    assert image.width() > 1000
    colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, 900, 3)}
    assert len(colors) > 200, "a window with four views painted has many colours"
    assert small.read_bytes() == before
    assert sorted(p.name for p in small.parent.glob("simulated_small*")) == [
        "simulated_small.dat",
        "simulated_small.kwik",
        "simulated_small.kwx",
    ], "a read-only session leaves nothing beside the dataset"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="about OpenGL over a line to an X server")
def test_where_opengl_is_that_of_another_screen_software_draws(small: Path, tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    environment = {"LIBGL_ALWAYS_SOFTWARE": "", "LIBGL_ALWAYS_INDIRECT": "1"}
    ended = run(GUI, small, "--screenshot", picture, **environment)
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    image = QImage(str(picture))
    colors = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, 900, 3)}
    assert len(colors) > 200
    # Without any OpenGL it ends, and says what was not tried yet.
    ended = run(GUI, small, "--screenshot", picture, QT_XCB_GL_INTEGRATION="none")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("OpenGL does not work here even without the graphics card")
    assert "--software-opengl" not in last


@pytest.mark.slow
def test_a_picture_that_cannot_be_written_is_said(small: Path, tmp_path: Path) -> None:
    ended = run(GUI, small, "--read-only", "--screenshot", tmp_path / "no" / "such" / "x.png")
    assert ended.returncode == 1
    assert "x.png" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_describe_tells_what_is_in_the_file(small: Path) -> None:
    ended = run(KWIK, "describe", small)
    assert ended.returncode == 0, ended.stderr
    with KwikModel(small) as model:
        assert f"{model.n_spikes:,}" in ended.stdout or str(model.n_spikes) in ended.stdout
        assert "main" in ended.stdout


def test_importing_the_reader_loads_no_toolkit() -> None:
    names = "PyQt5", "vispy", "numba", "qtpy", "superqt"
    code = "import sys, phygui; phygui.KwikModel; print([n for n in %r if n in sys.modules])"
    assert run(code % (names,)).stdout.strip() == "[]"
    code = "import sys, phygui; phygui.Session; print([n for n in %r if n in sys.modules])"
    assert run(code % (("PyQt5", "vispy", "qtpy", "superqt"),)).stdout.strip() == "[]"


def test_a_start_on_a_dataset_loads_nothing_that_it_does_not_show(small: Path) -> None:
    names = ("phygui.archive", "phygui.gui.archive", "phygui.gui.app.start_window", "numpy.ma",
             "numba", "scipy", "vispy.io")  # fmt: skip
    if sys.version_info >= (3, 11):  # the last release of filelock for 3.10 brings it along
        names += ("asyncio",)
    code = (
        "import sys, phygui.cli, phygui.gui.app.app; from phygui.gui.app.preload import Opening; "
        f"opening = Opening({str(small)!r}, read_only=True); "
        "session = opening.result(); opening._prepared.result(); session.close(); "
        f"print([n for n in {names!r} if n in sys.modules])"
    )
    assert run(code).stdout.strip() == "[]"


@pytest.mark.slow
def test_a_kwik_alone_opens(tmp_path: Path, small: Path) -> None:
    (tmp_path / "alone").mkdir()
    alone = tmp_path / "alone" / "alone.kwik"
    alone.write_bytes(small.read_bytes())
    ended = run(GUI, alone, "--screenshot", tmp_path / "alone.png")
    assert ended.returncode == 0, ended.stderr


def test_recover_tells_of_a_session_that_lives(small: Path) -> None:
    with Session.open(small) as session:
        session.merge(session.cluster_ids[:2])
        told = run(KWIK, "recover", small).stdout
        session.undo()
    assert "nothing to bring back: it is open elsewhere (process" in told


@pytest.mark.slow
def test_recover_brings_back_what_a_dead_session_left(small: Path) -> None:
    script = (
        f"import os\nfrom phygui import Session\ns = Session.open({str(small)!r})\n"
        "s.merge(s.cluster_ids[:2]); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 9
    before = small.read_bytes()
    told = run(KWIK, "recover", small, "--list")
    assert "merged" in told.stdout
    assert small.read_bytes() == before
    # Where states are kept, something else is in the way.
    (small.with_suffix(".phygui") / "backups").write_text("")
    done = run(KWIK, "recover", small)
    assert done.returncode == 0, done.stderr
    assert "saved 1 edit to" in done.stdout
    assert "no backup was kept" in done.stderr
    assert small.read_bytes() != before
    assert "no unsaved edits" in run(KWIK, "recover", small).stdout


@pytest.mark.slow
def test_restore_lists_compares_and_brings_back(small: Path) -> None:
    assert "no saved states" in run(KWIK, "restore", small).stdout
    with Session.open(small) as session:
        first = session.spike_clusters.tolist()
        session.move(session.cluster_ids[:1], "good")
        session.save()
        session.merge(session.cluster_ids[:2])
        session.save()
    told = run(KWIK, "restore", small).stdout.splitlines()
    assert [line.partition(":")[0] for line in told] == ["1", "2", "3"]
    assert "1 good" in told[1]
    assert "unedited, from before the first save" in told[2]
    assert "in another cluster" in run(KWIK, "restore", small, "--compare", 2, 1).stdout
    assert run(KWIK, "restore", small, 7).returncode == 2
    done = run(KWIK, "restore", small, 2)
    assert done.returncode == 0, done.stderr
    with KwikModel(small) as model:
        assert model.spike_clusters.tolist() == first
        names = {model.cluster_group_names[g] for g in model.cluster_groups.values()}
        assert names == {"Unsorted", "Good"}
    # The restoring was a save too: the unedited state is the last one again.
    done = run(KWIK, "restore", small, 4)
    assert done.returncode == 0, done.stderr
    assert "restored the state from before the first save" in done.stdout
    with KwikModel(small) as model:
        names = {model.cluster_group_names[g] for g in model.cluster_groups.values()}
        assert names == {"Unsorted"}
    again = run(KWIK, "restore", small, 5)
    assert again.returncode == 2
    assert "this is the current state" in again.stderr


@pytest.mark.slow
def test_restore_finds_the_channel_group_that_was_saved(tmp_path: Path) -> None:
    make_demo(tmp_path, n_spikes=2_000, n_clusters=8, n_channels=8, n_channel_groups=2, raw=None)
    path = tmp_path / "demo.kwik"
    with Session.open(path, 1) as session:
        session.merge(session.cluster_ids[:2])
        session.save()
        merged = session.spike_clusters.tolist()
        session.undo()
        session.save()
    told = run(KWIK, "restore", path, "--compare", 2, 0)
    assert told.returncode == 0, told.stderr
    assert "in another cluster" in told.stdout
    done = run(KWIK, "restore", path, 2)
    assert done.returncode == 0, done.stderr
    with KwikModel(path, 1) as model:
        assert model.spike_clusters.tolist() == merged
    assert run(KWIK, "restore", path, 1, "--compare", 0, 0).returncode == 0


def test_nothing_is_imported_from_the_folder_of_a_dataset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``python -c`` and ``python -m`` look for modules in the current folder first."""
    made = make_demo(tmp_path, n_spikes=200, n_clusters=8, n_channels=4, duration=5.0, raw=None)
    for name in ("h5py", "numpy", "click", "platformdirs", "yaml", "PyQt5"):
        (tmp_path / f"{name}.py").write_text("open('imported', 'w')\nraise SystemExit(77)\n")
    monkeypatch.chdir(tmp_path)
    own = Path(__file__).parents[1]
    done = run(KWIK, "describe", made.kwik_path, PYTHONPATH=os.pathsep + str(own))
    assert done.returncode == 0, done.stderr
    assert "200" in done.stdout
    assert not (tmp_path / "imported").exists()


def test_numba_alone_is_kept_from_settings_in_the_current_folder(tmp_path: Path) -> None:
    """zarr 3 and Dask import what numba must not find."""
    (tmp_path / ".numba_config.yaml").write_text("num_threads: 1\ncache_dir: /nowhere\n")
    code = (
        "from phygui.cli import main\ntry: main(['--version'])\nexcept SystemExit: pass\n"
        "from numba.core import config\nimport yaml\nprint(repr(config.CACHE_DIR), yaml.__name__)"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.stdout.splitlines()[-1] == "'' yaml", done.stderr


@pytest.mark.slow
def test_linear_algebra_is_loaded_for_compiled_functions_that_use_it() -> None:
    """Of numba all is there for a plugin; none of ours needs what takes longest to load."""
    code = """
import sys
from phygui._isolation import forget_current_folder
forget_current_folder()
from phygui.gui.app.preload import compile_all
compile_all()
print("scipy.linalg" in sys.modules)
import numba, numpy as np
square = numba.njit(lambda a: np.dot(a, a))
print(np.array_equal(square(np.diag([1.0, 2.0])), np.diag([1.0, 4.0])))
print("scipy.linalg" in sys.modules)
"""
    done = run(code)
    assert done.stdout.split() == ["False", "True", "True"], done.stderr


@pytest.mark.slow
def test_what_splits_clusters_is_loaded_without_tables_that_nothing_here_needs() -> None:
    """Where pandas is installed, it would take a third of a second and 30 MB."""
    code = """
import sys
from phygui._isolation import forget_current_folder
forget_current_folder()
from sklearn.mixture import GaussianMixture
print("pandas" in sys.modules)
import numpy as np
print(len(GaussianMixture(2).fit(np.eye(5)).means_))
import pandas
print(pandas.DataFrame({"a": [1]}).shape)
"""
    done = run(code)
    assert done.stdout.split() == ["False", "2", "(1,", "1)"], done.stderr


ODD = b"a\xff\x1b[31m\nb.kwik"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
def test_names_command_neither_the_terminal_nor_forge_lines(small: Path) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(small.parent), ODD)))
    small.rename(path)
    with h5py.File(path, "r+") as file:
        groups = file["channel_groups/0/cluster_groups/main"]
        groups["2"].attrs["name"] = b"Go\x1b]0;owned\x07od\nforged: line"
        file.copy("channel_groups/0/spikes/clusters/main", "channel_groups/0/spikes/clusters/x\ny")
    script = (
        "import os, sys\nfrom phygui import Session\ns = Session.open(sys.argv[1])\n"
        "s.label([3], 'note\\x1b[2J', 'x\\ny')\ns.save()\ns.label([4], 'note\\x1b[2J', 'x\\ny')\n"
        "s.move([4], 2)\nos._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, check=False)
    assert done.returncode == 9, done.stderr
    said = b""
    for words in (
        ["describe", path],
        ["recover", path, "--list"],
        ["restore", path],
        ["restore", path, "--compare", 1, 0],
        ["restore", path, 99],
        ["describe", path.with_name(path.name + "\n\x1b[1m")],
        ["recover", path],
        ["restore", path, 1],
    ):
        command = [sys.executable, "-c", KWIK, *map(str, words)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert b"Traceback" not in done.stderr
        assert done.stdout + done.stderr
        said += done.stdout + done.stderr
    assert not {c for c in said if c < 32 and c != 10}
    assert b"\\udcff\\x1b[31m\\nb.kwik" in said
    assert b"\\nforged: line" in said or b"forged" not in said
    assert not [line for line in said.splitlines() if line.startswith((b"b.kwik", b"forged", b"y"))]


@pytest.mark.parametrize(
    "n_letters", [245, 248, *(pytest.param(n, marks=pytest.mark.slow) for n in (200, 250, 300))]
)
def test_long_names_work_or_give_a_sentence(small: Path, n_letters: int) -> None:
    path = small.with_name("n" * n_letters + ".kwik")
    with suppress(OSError):
        small.rename(path)
    for words in (["describe"], ["recover"], ["restore"]):
        done = run(KWIK, words[0], path)
        assert done.returncode in (0, 2)
        assert "Traceback" not in done.stderr
        assert done.returncode == 0 or done.stderr.count("\n") == 1
    problem = ""
    try:
        with Session.open(path) as session:
            session.move([3], "good")
            session.save()
    except (DatasetError, EditError) as error:
        problem = str(error)
    assert ("too long" in problem) == (n_letters > 245)


def test_convert_makes_a_kwik_of_a_folder(tmp_path: Path) -> None:
    folder, out = make_folder(tmp_path).path, tmp_path / "out.kwik"
    done = run(KWIK, "convert", folder, out)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"written to {out}\n"
    assert "300" in run(KWIK, "describe", out).stdout
    again = run(KWIK, "convert", folder, out)
    assert again.returncode == 2
    assert again.stderr == f"phygui: {out} exists already: choose another name.\n"
