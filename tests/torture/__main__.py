"""Proof by injected faults that nothing a curator does is lost: ``python -m tests.torture``."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

from phygui.errors import UnsavedEditsWarning
from tests.torture import faults


def main() -> int:
    """Run everything, and print how often each thing was done."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a sample, in less than a minute")
    parser.add_argument("--seed", type=int, default=0, help="another seed for the random parts")
    given = parser.parse_args()
    warnings.simplefilter("ignore", UnsavedEditsWarning)
    can_inject = faults.is_possible()
    if can_inject:
        faults.preload()
    folder = Path(tempfile.mkdtemp(prefix="phygui-torture-"))
    try:
        _run(folder, given.short, given.seed, can_inject)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if can_inject:
            faults.remove()
    return 0


def _run(folder: Path, short: bool, seed: int, can_inject: bool) -> None:
    # Imported here: the process starts anew to preload the library.
    from phygui.simulate import make_demo
    from tests.torture import analyzers, phy_folders, two_users
    from tests.torture.first_edits import FirstEdits
    from tests.torture.folders import Folders
    from tests.torture.hostile import Hostile
    from tests.torture.hostile_folders import HostileFolders
    from tests.torture.imports import Imports
    from tests.torture.journals import Damages, Meddling
    from tests.torture.kills import Kills
    from tests.torture.listeners import Listeners
    from tests.torture.mutations import Mutations
    from tests.torture.saves import Saves

    options = {"n_channels": 4, "n_channel_groups": 2, "duration": 20.0, "raw": None}
    demo = make_demo(folder / "demo", n_spikes=600, n_clusters=12, **options)
    small = Path(__file__).parents[1] / "data" / "simulated_small.kwik"

    kills = Kills(demo.kwik_path, folder)
    _part("sessions killed at random moments", kills.counts)
    kills.run(8 if short else 220, seed)
    _print(kills.counts)

    if can_inject:
        # Of other formats, tests of theirs kill a few saves.
        others = () if short else (phy_folders.sources, analyzers.sources)
        for source in (small, *(find(folder / "saved")[0] for find in others)):
            saves = Saves(source, folder)
            title = f"saves and edits of {source.name} killed, or failing, at every system call"
            _part(title, saves.counts)
            saves.run(53 if short else 1)
            _print(saves.counts)
        first = FirstEdits(small, folder)
        _part("first edits killed, or failing, at every system call", first.counts)
        first.run(13 if short else 1)
        _print(first.counts)
    else:
        print("no C compiler: nothing is injected into saves and edits")

    damages = Damages(small, folder)
    _part("damaged journals", damages.counts)
    damages.run(2 if short else 60, seed)
    _print(damages.counts)
    meddling = Meddling(small, folder)
    _part("journals meddled with under an open session", meddling.counts)
    meddling.run(2 if short else 100, seed)
    _print(meddling.counts)
    listeners = Listeners(demo.kwik_path, folder)
    _part("listeners that fail", listeners.counts)
    listeners.run(100 if short else 2000, seed)
    _print(listeners.counts)

    for source, n_files in ((small, 12 if short else 800), (demo.kwik_path, 8 if short else 400)):
        mutations = Mutations(source, folder)
        _part(f"damaged copies of {source.name} opened", mutations.counts)
        mutations.run(n_files, seed)
        _print(mutations.counts)

    for title, made, n_folders in (
        ("hostile folders of phy opened", phy_folders, 12 if short else 500),
        ("hostile analyzers opened", analyzers, 12 if short else 500),
    ):
        hostile_folders = HostileFolders(folder, made.sources(folder), made.KINDS)
        _part(title, hostile_folders.counts)
        hostile_folders.run(n_folders, seed)
        _print(hostile_folders.counts)

    imports = Imports(small, folder)
    _part("processes in a folder of data full of modules", imports.counts)
    imports.run(1 if short else 5)
    _print(imports.counts)

    hostile = Hostile(small, folder)
    _part("state files that somebody else has made", hostile.counts)
    hostile.run(11 if short else 1)
    _print(hostile.counts)

    folders = Folders(small, folder)
    _part("datasets side by side, folders that cannot be flushed, locks of others", folders.counts)
    folders.run(1 if short else 50)
    _print(folders.counts)

    if two_users.is_possible():
        users = two_users.TwoUsers(small)
        _part("two users of one folder, by setuid", users.counts)
        users.run(3 if short else 50)
        _print(users.counts)
    else:
        print("not root: two users are not tried")

    if not short:
        print("\nfeatures and raw data that fail or are cut under a window", flush=True)
        _pytest("gui/test_failing_data.py")
        print("\nsessions against plain lists, thousands of steps", flush=True)
        _pytest("curation/test_session_machine.py")


def _pytest(name: str) -> None:
    """Run tests that do more when this is the torture; what they print is seen."""
    test = Path(__file__).parents[1] / name
    command = [sys.executable, "-m", "pytest", "-q", "--timeout=0", str(test)]
    found = {**os.environ, "PHYGUI_TORTURE": "1"}
    found.pop("LD_PRELOAD", None)
    subprocess.run(command, check=True, env=found)


_started = [0.0]


def _part(title: str, counts: Counter[str]) -> None:
    _started[0] = time.perf_counter()
    print(f"\n{title}", flush=True)


def _print(counts: Counter[str]) -> None:
    for name, n in sorted(counts.items()):
        print(f"  {n:6d}  {name}")
    print(f"  in {time.perf_counter() - _started[0]:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
