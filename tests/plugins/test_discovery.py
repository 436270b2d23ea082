"""Plugins are found in packages and in the user's folder, and what is wrong with them is said."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

import phygui
from phygui import plugins
from phygui.analysis import ClusterData, find_metric
from phygui.cli import gui, main
from phygui.exports import exports
from phygui.exports.tables.csv import EXPORT as CSV
from phygui.plugins import Guarded, PluginError, owner
from phygui.plugins.record import Plugin
from tests.plugins.broken import METRIC, SAID, SOURCES, write_all

AT_ONCE = "a_syntax_error", "at_import", "needy", "of_tomorrow", "same_name"


def test_broken_files_are_switched_off_and_the_others_are_used(plugin_folder: Path) -> None:
    write_all(plugin_folder)
    fine = find_metric("fine")
    assert fine is not None
    assert fine.measure(ClusterData(n_spikes=1, spike_samples=[1])).value == 42.0  # type: ignore[arg-type]
    found = {plugin.name: plugin for plugin in plugins.plugins()}
    assert set(found) == {*SOURCES, "fine", "fine_view"}
    for name in AT_ONCE:
        assert SAID[name] in found[name].error
        assert not found[name].is_on
    assert "RuntimeError: no reason" in found["at_import"].traceback
    assert found["fine"].is_on
    assert found["fine"].kinds == ("metric",)
    assert found["fine"].source == str(plugin_folder / "fine.py")


def test_a_metric_that_raises_is_not_asked_again(plugin_folder: Path) -> None:
    (plugin_folder / "in_metric.py").write_text(SOURCES["in_metric"])
    told: list[Plugin] = []
    end = plugins.listen(told.append)
    spec = find_metric("in_metric")
    assert spec is not None
    data = ClusterData(n_spikes=1, spike_samples=[1])  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(PluginError, match="the plugin in_metric is switched off"):
            spec.measure(data)
    end()
    assert [plugin.name for plugin in told] == ["in_metric"]
    assert "of_cluster" in told[0].traceback
    assert owner("metric", "in_metric") is told[0]


def test_what_a_package_adds_has_its_name_and_version(
    install_plugins: Callable[[str, str], Path],
) -> None:
    module = METRIC.format(name="fine", body="return Metric(1.0)")
    install_plugins(module, "[phygui.metrics]\nfine = lab_plugins:PLUGIN\n")
    (plugin,) = plugins.plugins()
    assert (plugin.name, plugin.source, plugin.version) == ("fine", "lab-plugins", "1.5")
    assert plugin.kinds == ("metric",)
    assert find_metric("fine") is not None


EXPORT = """
from phygui.exports import ExportSpec

PLUGIN = ExportSpec("csv", "CSV", ".csv", "Made up.", lambda *_: None)
"""


def test_a_package_does_not_replace_what_the_program_has(
    install_plugins: Callable[[str, str], Path],
) -> None:
    install_plugins(EXPORT, "[phygui.exports]\ncsv = lab_plugins:PLUGIN\n")
    (spec,) = [spec for spec in exports() if spec.name == "csv"]
    assert spec is CSV
    (plugin,) = plugins.plugins()
    assert plugin.error == "there is already another export that is called csv"


def test_what_is_switched_off_is_not_imported(plugin_folder: Path) -> None:
    (plugin_folder / "at_import.py").write_text(SOURCES["at_import"])
    plugins.switch("file:at_import.py", False)
    plugins.forget()
    (plugin,) = plugins.plugins()
    assert (plugin.state, plugin.error) == ("off", "")
    plugins.switch("file:at_import.py", True)
    plugins.forget()
    (plugin,) = plugins.plugins()
    assert plugin.error


def test_without_plugins_nothing_is_found(
    plugin_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_all(plugin_folder)
    monkeypatch.setenv("PHYGUI_NO_PLUGINS", "1")
    plugins.forget()
    assert plugins.plugins() == ()
    assert find_metric("fine") is None
    assert find_metric("snr") is not None


def test_a_file_without_a_plugin_says_so(plugin_folder: Path) -> None:
    (plugin_folder / "empty.py").write_text("")
    (plugin_folder / "odd.py").write_text("PLUGIN = 3\n")
    (plugin_folder / "leaves.py").write_text("raise SystemExit\n")
    odd, leaves = plugins.plugins()[2], plugins.plugins()[1]
    assert "it has no PLUGIN" in plugins.plugins()[0].error
    assert "it holds int, expected MetricSpec, ViewSpec" in odd.error
    assert "SystemExit" in leaves.error


def test_the_guilty_plugin_is_told_by_the_traceback(plugin_folder: Path) -> None:
    (plugin_folder / "in_metric.py").write_text(SOURCES["in_metric"])
    (plugin,) = plugins.plugins()
    module = sys.modules[plugin.module]
    with pytest.raises(ZeroDivisionError) as caught:
        module.of_cluster(None)
    assert plugins.blame(caught.value) is plugin
    assert plugins.blame(ValueError("of nobody")) is None


def test_what_never_ends_is_stopped() -> None:
    plugin = Plugin("endless", "here", "file:endless.py", "endless")

    def loop() -> None:
        while True:
            with suppress(Exception):
                time.perf_counter()

    with pytest.raises(PluginError, match=r"has not come to an end within 0\.05 seconds"):
        Guarded(plugin, loop, limit_s=0.05)()
    # Nothing of it is left: under a tracer, a step that Python keeps looking for would never end.
    lines: list[int] = []
    before = sys.gettrace()

    def traced() -> None:
        lines.append(1)

    sys.settrace(lambda frame, event, arg: None)
    traced()
    sys.settrace(before)
    assert lines == [1]
    # The next one has its whole time.
    other = Plugin("quick", "here", "file:quick.py", "quick")
    assert Guarded(other, lambda: 3, limit_s=30.0)() == 3
    assert not other.error


def test_what_a_plugin_may_say_passes() -> None:
    plugin = Plugin("x", "here", "x", "x")

    def refuse() -> None:
        raise KeyError("said")

    with pytest.raises(KeyError):
        Guarded(plugin, refuse, passes=(KeyError,))()
    assert plugin.is_on


def test_the_folder_is_the_users_and_no_file_of_a_dataset_is_imported(
    small: Path, tmp_path: Path
) -> None:
    (small.parent / "evil.py").write_text("print('imported')\n")
    (small.parent / "plugins").mkdir()
    (small.parent / "plugins" / "evil.py").write_text("print('imported')\n")
    code = (
        "import sys, phygui, phygui.plugins as p\n"
        "phygui.Session.open(sys.argv[1], read_only=True).close()\n"
        "print(p.plugin_folder(), p.plugins())"
    )
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config")}
    environment.pop("PHYGUI_PLUGINS", None)
    ran = subprocess.run(
        [sys.executable, "-c", code, str(small)],
        cwd=small.parent, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "imported" not in ran.stdout
    assert str(tmp_path / "config" / "phygui" / "plugins") in ran.stdout


def test_an_export_that_raises_says_so_in_a_sentence(
    plugin_folder: Path, small: Path, tmp_path: Path
) -> None:
    (plugin_folder / "bad_export.py").write_text(
        "from phygui.exports import ExportSpec\n"
        "def write(curation, path, options, work):\n"
        "    path.write_text('half')\n"
        "    return 1 / 0\n"
        "PLUGIN = ExportSpec('bad', 'Bad', '.txt', 'made up', write, needs_metrics=False)\n"
    )
    with pytest.raises(phygui.DatasetError, match="bad_export is switched off: it raised ZeroDiv"):
        phygui.export(small, "bad", tmp_path / "out.txt")
    assert not (tmp_path / "out.txt").exists()
    (plugin,) = plugins.plugins()
    assert plugin.error
    # What the plugin has to do with it is all that there is to read.
    assert "guard.py" not in plugin.traceback
    assert "in write" in plugin.traceback


def test_a_ranking_that_raises_gives_way_to_the_programs_own(
    plugin_folder: Path, small: Path
) -> None:
    (plugin_folder / "bad_ranking.py").write_text(
        "from phygui.curation import RankingSpec\n"
        "PLUGIN = RankingSpec('quality', 'bad', 'made up', lambda stats, metrics: 1 / 0)\n"
    )
    with phygui.Session.open(small, read_only=True) as session:
        session.choose_ranking("quality", "bad")
        session.learn_stats()
        session.next_best()
        assert session.selected
        assert "the program's own is used instead" in session.measures.problems[-1]
        assert "bad_ranking is switched off" in session.measures.problems[-1]
    assert plugins.plugins()[0].error


def test_the_command_line_uses_no_plugins_if_told(
    plugin_folder: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Set back at the end.
    monkeypatch.setenv("PHYGUI_NO_PLUGINS", "")
    (plugin_folder / "at_import.py").write_text(SOURCES["at_import"])
    assert plugins.plugins()
    ran = CliRunner().invoke(main, ["--no-plugins", "describe", str(small)])
    assert ran.exit_code == 0
    plugins.forget()
    assert not plugins.plugins()
    assert "--no-plugins" in CliRunner().invoke(gui, ["--help"]).output
