"""All metadata is in setup.cfg; this adds the one package that setup.cfg's ``find:`` cannot see."""

from setuptools import find_packages, setup

setup(packages=[*find_packages(include=["phygui", "phygui.*"]), "phygui.resources"])
