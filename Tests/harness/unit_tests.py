"""Reports the results of the unit tests, which ran before and left them in a file, beside those of the other tests.

So one summary speaks of everything, and a run in which the unit tests did not happen is not a success.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("unit tests")
    group.addoption(
        "--unit-tests", metavar="FILE", action="append", help="an xUnit file that the unit tests left; may be repeated"
    )
    group.addoption("--unit-tests-status", metavar="CODE", type=int, default=0, help="their exit code")


class UnitTestFailed(Exception):
    """One unit test failed; the text is what it said."""


class UnitTest(pytest.Item):
    def __init__(self, *, case: ElementTree.Element | None, problem: str | None = None, **options):
        super().__init__(**options)
        self.case = case
        self.problem = problem

    def runtest(self) -> None:
        if self.problem:
            raise UnitTestFailed(self.problem)
        if self.case is None:
            return
        failures = self.case.findall("failure") + self.case.findall("error")
        if failures:
            raise UnitTestFailed("\n".join(f.get("message") or f.text or "failed" for f in failures))
        skipped = self.case.find("skipped")
        if skipped is not None:
            pytest.skip(skipped.get("message") or skipped.text or "skipped")

    def repr_failure(self, excinfo: pytest.ExceptionInfo) -> str:
        if isinstance(excinfo.value, UnitTestFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, 0, self.name


class UnitTests(pytest.Collector):
    """The unit tests as a collection of their own."""

    def __init__(self, *, files: list[Path], status: int, **options):
        super().__init__(**options)
        self.files = files
        self.status = status

    def collect(self):
        cases, problem = [], None
        for file in self.files:
            found, complaint = self._results(file)
            cases += found
            problem = problem or complaint
        failed = False
        for case in cases:
            failed = failed or case.find("failure") is not None or case.find("error") is not None
            yield UnitTest.from_parent(self, name=f"{case.get('classname')} {case.get('name')}", case=case)
        if not problem and self.status and not failed:
            problem = f"the unit tests ended with {self.status}"
        yield UnitTest.from_parent(self, name="the unit tests ran to their end", case=None, problem=problem)

    @staticmethod
    def _results(file: Path) -> tuple[list[ElementTree.Element], str | None]:
        """The results there are, and what is wrong with them as a whole."""
        if not file.exists():
            return [], f"the unit tests were not built or not run: they left no {file.name}"
        try:
            cases = list(ElementTree.parse(file).iter("testcase"))
        except ElementTree.ParseError:
            return [], "the unit tests crashed: their results break off in the middle"
        return cases, None if cases else "there are no unit tests"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    files = config.getoption("--unit-tests")
    if files:
        collector = UnitTests.from_parent(
            session, name="Unit", nodeid="Unit", files=[Path(file) for file in files],
            status=config.getoption("--unit-tests-status"),
        )  # fmt: skip
        items.extend(collector.collect())
