"""All metadata is in setup.cfg; this adds what that cannot say: one package that ``find:`` cannot
see, and the manual, which is the Markdown of `docs` and the pictures that it shows."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

DOCS = Path(__file__).parent / "docs"


class BuildWithManual(build_py):
    """Puts the pages of the documentation beside the resources, where Help > Manual finds them."""

    def run(self) -> None:
        """Build, then copy the pages; an editable install reads them where they are."""
        super().run()
        if self.editable_mode:
            return
        goal = Path(self.build_lib) / "phygui" / "resources" / "manual"
        goal.mkdir(parents=True, exist_ok=True)
        for page in sorted(DOCS.glob("*.md")):
            shutil.copyfile(page, goal / page.name)
            for name in re.findall(r"\((images/[\w.-]+)\)", page.read_text("utf-8")):
                (goal / name).parent.mkdir(exist_ok=True)
                shutil.copyfile(DOCS / name, goal / name)


setup(
    packages=[*find_packages(include=["phygui", "phygui.*"]), "phygui.resources"],
    cmdclass={"build_py": BuildWithManual},
)
