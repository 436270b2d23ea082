"""The package as a whole."""

from __future__ import annotations

import subprocess
import sys

import phygui.analysis


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
