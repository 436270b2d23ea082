"""The package as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

import phygui.analysis
from phygui.analysis.compiling import numba_parts, warm


def test_import_is_light():
    code = (
        "import sys, phygui.analysis; "
        "heavy = {'numba', 'scipy', 'h5py', 'PyQt5', 'vispy'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_name_is_documented():
    for name in phygui.analysis.__all__:
        assert getattr(phygui.analysis, name).__doc__, name


def test_warm_up_compiles_every_kernel():
    phygui.analysis.warm_up()
    from phygui.analysis import _kernels

    for name, kernel in vars(_kernels).items():
        if hasattr(kernel, "signatures") and not name.startswith("_"):
            assert kernel.signatures, f"{name} is compiled by no call of warm_up"


@pytest.mark.parametrize("is_cached", [True, False])
def test_a_process_apart_fills_an_empty_cache(monkeypatch, is_cached):
    calls = []
    monkeypatch.setattr(warm, "_is_cached", lambda: is_cached)
    monkeypatch.setattr(warm.subprocess, "run", lambda command, **_: calls.append(command))
    phygui.analysis.warm_up(apart=True)
    assert len(calls) == (0 if is_cached else 1)


@pytest.fixture
def hostile(tmp_path, monkeypatch):
    """A current folder with modules that tell when they are imported, and settings of numba."""
    told = tmp_path / "imported"
    folder = tmp_path / "dataset"
    folder.mkdir()
    for name in ("numba", "json", "phygui", "numpy", "yaml", "pathlib", "sitecustomize"):
        (folder / f"{name}.py").write_text(f"open({str(told)!r}, 'w').write({name!r})")
    (folder / ".numba_config.yaml").write_text(f"cache_dir: {folder}")
    monkeypatch.chdir(folder)
    return told


def test_the_process_apart_imports_nothing_from_the_current_folder(hostile, monkeypatch):
    """It has the modules of this process, and really compiles."""
    done = []
    run = subprocess.run

    def told(command, **options):
        done.append(run(command, **options))

    monkeypatch.setattr(warm.subprocess, "run", told)
    monkeypatch.setattr(warm.sys, "path", ["", os.getcwd(), *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep + os.getcwd())
    warm._fill_cache()
    assert done[0].returncode == 0, done[0].stderr
    assert not hostile.exists()


@pytest.mark.parametrize("executable", ["", None, "/opt/phygui/phy-gui", "/nowhere/python3"])
def test_no_process_apart_where_there_is_no_python(executable, monkeypatch):
    monkeypatch.setattr(warm.sys, "executable", executable)
    warm._fill_cache()
    monkeypatch.setattr(warm.sys, "executable", sys.executable)
    monkeypatch.setattr(warm.sys, "frozen", True, raising=False)
    monkeypatch.setattr(warm.subprocess, "run", lambda *_, **__: pytest.fail("it was started"))
    warm._fill_cache()


def test_the_cache_is_found(monkeypatch):
    phygui.analysis.warm_up()
    assert warm._is_cached()
    other = SimpleNamespace(version_info=SimpleNamespace(major=2, minor=7))
    monkeypatch.setattr(numba_parts, "sys", other)
    assert not warm._is_cached()
