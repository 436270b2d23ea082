"""State files that somebody else has made, of many kinds, in each place where the program looks."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import resource
import shutil
import socket
import struct
import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs

from phygui.curation.edits.update import EditError
from phygui.curation.open_session import open_session
from phygui.curation.session import Session
from phygui.errors import DatasetError
from phygui.gui.actions.keys import Keys
from phygui.gui.base.settings import Settings
from phygui.storage.state import locations
from phygui.storage.state.records import Record, encode
from tests.torture.children import run

TOO_LONG = 2.0
"""Seconds that no file may keep the program."""
MOST_MEMORY = 200 << 20
"""Bytes that no file may make it take beyond what an ordinary one does."""

SECRET = b"six years of work\n"

Plant = Callable[[Path, Path], None]


class Hostile:
    """Plants each kind of file in each place, and opens the dataset.

    Parameters
    ----------
    source : Path
        A ``.kwik`` file with its ``.kwx`` beside it; copied.
    folder : Path
        Where to work.
    """

    def __init__(self, source: Path, folder: Path) -> None:
        self.source = source
        self.root = folder / "hostile"
        self.folder = self.root / "lab"
        self.path = self.folder / source.name
        self.counts: Counter[str] = Counter()
        self.n_files = 0
        self._kinds: set[str] = set()

    def run(self, every: int = 1) -> None:
        """All cases, or every so many of them."""
        number = 0
        for kind, plant in KINDS.items():
            for place in PLACES:
                number += 1
                if number % every == 0:
                    self._try(kind, plant, place)
        for kind, plant in FOLDERS.items():
            self._try(kind, plant, "NAME.phygui")
        self.counts["kinds of files"] = len(self._kinds)
        self.counts["files in all"] = self.n_files

    def _try(self, kind: str, plant: Plant, place: str) -> None:
        case = f"{kind} as {place}"
        # On a busy machine something else may have taken the time.
        if not self._happened(kind, plant, place, case, is_last=False):
            self._happened(kind, plant, place, case, is_last=True)
        self.n_files += 1
        self._kinds.add(kind)

    def _happened(self, kind: str, plant: Plant, place: str, case: str, is_last: bool) -> bool:
        shutil.rmtree(self.root, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for suffix in (".kwik", ".kwx"):
            shutil.copyfile(self.source.with_suffix(suffix), self.path.with_suffix(suffix))
        thesis = self.root / "thesis.txt"
        thesis.write_bytes(SECRET)
        target = self._place(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            plant(target, thesis)
        except PermissionError:
            self.counts["could not be made by this user"] += 1
            return True
        end = run(lambda pipe: self._open(pipe, place), timeout=30, may_hang=True)
        assert not end.too_slow, f"{case}: hangs"
        assert end.by == 0, f"{case}: signal {end.by}"
        told = json.loads(end.said)
        assert told["memory"] < MOST_MEMORY, f"{case}: {told['memory'] >> 20} MB"
        if told["seconds"] > TOO_LONG and not is_last:
            return False
        assert told["seconds"] < TOO_LONG, f"{case}: {told['seconds']:.1f} s"
        assert thesis.read_bytes() == SECRET, f"{case}: another file was written to"
        assert not (self.root / "elsewhere").exists(), f"{case}: a file was made elsewhere"
        assert len(told["remarks"]) <= 1, f"{case}: {told['remarks']}"
        where = "the state folder" if place == "NAME.phygui" else f"{place}"
        self.counts[f"in the place of {where}: opened" + self._how(told)] += 1
        return True

    @staticmethod
    def _how(told: dict[str, object]) -> str:
        if told["read_only"]:
            return ", read-only with the reason"
        return ", with a remark" if told["remarks"] else ", and nothing to say"

    def _place(self, place: str) -> Path:
        state = self.path.with_suffix(".phygui")
        if place == "NAME.phygui":
            return state
        if place in ("phygui.ini", "phygui.ini.lock", "locations.json"):
            return self.root / "config" / "phygui" / place
        return state / place

    def _open(self, pipe: int, place: str) -> None:
        """Do with the dataset what may come across the file; in a child."""
        os.environ["XDG_CONFIG_HOME"] = str(self.root / "config")
        os.environ["XDG_STATE_HOME"] = str(self.root / "states")
        remarks: set[str] = set()
        handler = logging.Handler()
        handler.emit = lambda record: remarks.add(record.getMessage())  # type: ignore[method-assign]
        logging.getLogger().addHandler(handler)
        before = _peak(reset=True)
        start = time.perf_counter()
        settings = Settings(platformdirs.user_config_path("phygui") / "phygui.ini")
        settings.recent()
        Keys(settings)
        settings.set("theme", "dark")
        locations.remembered(self.path, "traces")
        session = open_session(self.path)
        seconds = time.perf_counter() - start
        # What cannot be written later on may be told again.
        logging.getLogger().removeHandler(handler)
        problem = session.recovery_problem
        remarks |= {problem} if problem else set()
        reason = session.read_only_reason
        assert bool(reason) == session.read_only
        start = time.perf_counter()
        self._work(session)
        session.close()
        seconds = max(seconds, time.perf_counter() - start)
        if not reason:
            with Session.open(self.path) as again:
                assert not again.unsaved_edits
                assert again.cluster_groups[7] == "noise", "the edit is lost"
        told = {
            "memory": _peak() - before,
            "seconds": seconds,
            "remarks": sorted(remarks),
            "read_only": reason,
        }
        os.write(pipe, json.dumps(told).encode())

    @staticmethod
    def _work(session: Session) -> None:
        for backup in session.backups():
            try:
                session.state(backup)
            except DatasetError:
                continue
        if session.read_only:
            try:
                session.move([7], "noise")
            except EditError:
                return
            raise AssertionError("a read-only session edits")
        with contextlib.suppress(DatasetError):
            session.recover()
        session.move([7], "noise" if session.group_of(7) != "noise" else "mua")
        session.move([7], "noise")
        session.reject([3, 4])
        session.set_editable(True)
        session.save()
        if job := session.statistics.remember_job():
            job()


def _peak(reset: bool = False) -> int:
    """Bytes that this process has taken at most, since it was reset where that is possible."""
    if reset:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) << 10
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


# -- what is planted --------------------------------------------------------------------------


PLACES = (
    "journal",
    "lock",
    "rejected-0.json",
    "clusterings.json",
    "statistics-0.npz",
    "suggestions-0.bin",
    "backups/20260102-030405-000006.backup",
    "phygui.ini",
    "phygui.ini.lock",
    "locations.json",
)


def _holes(size: int) -> Plant:
    def plant(path: Path, thesis: Path) -> None:
        with open(path, "wb") as file:
            file.truncate(size)

    return plant


def _content(make: Callable[[], bytes]) -> Plant:
    return lambda path, thesis: path.write_bytes(make()) and None


def _socket(path: Path, thesis: Path) -> None:
    # The names of sockets are short.
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _device(path: Path, thesis: Path) -> None:
    os.mknod(path, 0o20666, os.makedev(1, 5))


def raw_record(text: bytes, data: bytes = b"", version: int = 1) -> bytes:
    """A record whose checksum is right, whatever it holds."""
    head = struct.pack("<4sHIQ", b"PhyR", version, len(text), len(data))
    checksum = zlib.crc32(data, zlib.crc32(text, zlib.crc32(head)))
    return head + struct.pack("<I", checksum) + text + data


def _base(n_spikes: int = 500) -> bytes:
    text = {"op": "base", "of": [0, "main"], "fingerprint": "0" * 32, "n_spikes": n_spikes}
    return encode(Record({**text, "largest_id": 30, "time": "2026-01-02T03:04:05"}))


@cache
def _bomb() -> bytes:
    n = 1 << 28
    packer = zlib.compressobj(9)
    zeros = bytes(1 << 20)
    blob = b"".join(packer.compress(zeros) for _ in range(n >> 20)) + packer.flush()
    specs = {"spikes": {"n": n, "width": 1, "bytes": len(blob), "first": 0}}
    text = {"op": "edit", "of": [0, "main"], "time": "2026-01-02T03:04:05", "kind": "merge"}
    text |= {"description": "bomb", "before": [3], "after": [99], "groups": [[], []]}
    text |= {"labels": [[], []], "selection": [[[], []], [[], []]], "tally": []}
    record = raw_record(json.dumps({"arrays": specs, "text": text}).encode(), blob)
    return _base() + record * 3


@cache
def _zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("info", "metrics"):
            with archive.open(f"{name}.npy", "w") as file:
                for _ in range(1 << 9):
                    file.write(bytes(1 << 20))
    return buffer.getvalue()


def _npz(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def _large_array() -> bytes:
    head = io.BytesIO()
    told = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
    np.lib.format.write_array_header_1_0(head, told)
    return _npz(info=head.getvalue(), metrics=head.getvalue())


def _pickle() -> bytes:
    content = io.BytesIO()
    np.save(content, np.array([{"a": 1}], object), allow_pickle=True)
    return _npz(info=content.getvalue())


@cache
def _endless_list() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.npy", b"")
    return buffer.getvalue()


def _beginnings() -> bytes:
    head = struct.pack("<4sHIQI", b"PhyR", 1, 0, 5_000_000, 0)
    return head * 400_000 + bytes(5_000_000)


KINDS: dict[str, Plant] = {
    "a link to another file": lambda path, thesis: path.symlink_to(thesis),
    "a link to nothing": lambda path, thesis: path.symlink_to(thesis.with_name("elsewhere")),
    "a link to an endless device": lambda path, thesis: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path, thesis: path.symlink_to(path),
    "a second name of another file": lambda path, thesis: os.link(thesis, path),
    "a pipe": lambda path, thesis: os.mkfifo(path),
    "a socket": _socket,
    "a device": _device,
    "a folder": lambda path, thesis: path.mkdir(),
    "2 TB of holes": _holes(2 << 40),
    "1 GB of holes": _holes(1 << 30),
    "nothing": _content(lambda: b""),
    "zeros": _content(lambda: bytes(1 << 20)),
    "noise": _content(lambda: np.random.default_rng(1).bytes(1 << 20)),
    "no text": _content(lambda: b"\xff\xfe\x00" * 1000),
    "JSON nested 100,000 deep": _content(lambda: b"[" * 100_000),
    "JSON nested 500 deep": _content(lambda: b'{"pairs":' + b"[" * 500 + b"]" * 500 + b"}"),
    "a number beyond all": _content(
        lambda: b'{"pairs": [[1e999, 2]], "read_only": [[1e999, ""]], "process": 1e999}'
    ),
    "an integer of 5,000 digits": _content(lambda: b'{"read_only": [[' + b"9" * 5000 + b', ""]]}'),
    "wrong types": _content(
        lambda: b'{"pairs": {"a": 7}, "read_only": 7, "host": [], "since": {}}'
    ),
    "settings of wrong types": _content(
        lambda: b'[General]\nrecent="{\\"a\\": 1}"\nkeys="[[[1]]]"\ntheme="[]"\nlayouts="1e999"\n'
    ),
    "settings with an object of Qt": _content(
        lambda: b"[General]\nrecent=@Variant(\\0\\0\\0\\x7f)\n"
    ),
    "a record of a newer format": _content(lambda: _base() + raw_record(b"{}", b"", 9)),
    "a record nested deep": _content(
        lambda: raw_record(b'{"arrays": {}, "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    ),
    "a record of wrong types": _content(
        lambda: raw_record(b'{"arrays": {}, "text": {"op": [1], "of": 7, "time": {}}}')
    ),
    "a record of a number beyond all": _content(
        lambda: raw_record(b'{"arrays": {"a": {"n": 1e999}}, "text": {"n_edits": 1e999}}')
    ),
    "a bomb in a record": _content(_bomb),
    "beginnings of records": _content(_beginnings),
    "a bomb in an archive": _content(_zip_bomb),
    "an array of 8 TB": _content(_large_array),
    "an object of Python": _content(_pickle),
    "an archive of 20,000 members": _content(_endless_list),
}


def _precious(path: Path, thesis: Path) -> None:
    (thesis.parent / "precious").mkdir()
    path.symlink_to(thesis.parent / "precious")


def _of_a_stranger(path: Path, thesis: Path) -> None:
    path.mkdir()
    os.chown(path, 65534, 65534)
    os.chmod(path, 0o777)
    os.chmod(path.parent, 0o1777)


FOLDERS: dict[str, Plant] = {
    "a link to another folder": _precious,
    "a link to no folder": lambda path, thesis: path.symlink_to(thesis.with_name("elsewhere")),
    "a file instead of a folder": _content(lambda: b"x"),
    "a pipe instead of a folder": lambda path, thesis: os.mkfifo(path),
    "a folder of a stranger": _of_a_stranger,
}
