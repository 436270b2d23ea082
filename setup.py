"""All metadata is in setup.cfg; this adds what that cannot say.

One is a package that its ``find:`` does not see. Another is the manual: the Markdown of `docs` and
the pictures that it shows. The last is the README as it is shown outside of the repository, where
links to files of it have to be whole.
"""

import re
import shutil
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
DOCS = HERE / "docs"


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


def readme() -> str:
    """The README with whole links: pictures as they are, pages as the repository shows them."""
    config = ConfigParser()
    config.read(HERE / "setup.cfg", encoding="utf-8")
    url = config["metadata"]["url"]
    text = (HERE / "README.md").read_text(encoding="utf-8")
    relative = r"\]\((?![a-z]+:|#)([^)\s]+)\)"
    text = re.sub(rf"(!\[[^\]]*){relative}", rf"\1]({url}/raw/main/\2)", text)
    return re.sub(relative, rf"]({url}/blob/main/\1)", text)


setup(
    packages=[*find_packages(include=["phygui", "phygui.*"]), "phygui.resources"],
    cmdclass={"build_py": BuildWithManual},
    long_description=readme(),
)
