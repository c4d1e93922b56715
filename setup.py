"""Puts the notebooks into the wheel, for `mtcnn-lite course`. All else is in pyproject.toml."""

import runpy
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
CARRIED = runpy.run_path(str(ROOT / "mtcnn_lite" / "course" / "carried.py"))


class BuildWithCourse(build_py):
    """The package, and in it the course's notebooks and pages; an editable install finds them in the checkout."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            CARRIED["pack"](ROOT, Path(self.build_lib) / "mtcnn_lite")


setup(cmdclass={"build_py": BuildWithCourse})
