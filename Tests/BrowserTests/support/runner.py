"""Runs the tests, tells of each as it ends, and sums up in one line: "N passed, N failed"."""

import faulthandler
import signal
import sys
import time
import traceback
import unittest


class LineResult(unittest.TestResult):
    """One line for each test; the traces of those that failed come right below."""

    def __init__(self):
        super().__init__()
        self.passed = 0

    def startTest(self, test):
        super().startTest(test)
        self._began = time.monotonic()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self._tell("passed", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._tell("FAILED", test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._tell("FAILED", test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self._tell("FAILED", subtest, err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._tell(f"skipped ({reason})", test)

    @property
    def failed(self):
        return len(self.failures) + len(self.errors)

    def _tell(self, outcome, test, err=None):
        seconds = time.monotonic() - getattr(self, "_began", time.monotonic())
        print(f"{outcome}: {test.id()} ({seconds:.1f} s)", flush=True)
        if err:
            traceback.print_exception(*err, file=sys.stdout)
            sys.stdout.flush()


def main(names):
    # A test that hangs tells where, on SIGUSR1; one that is interrupted ends its servers and browsers.
    faulthandler.register(signal.SIGUSR1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    loader = unittest.TestLoader()
    suite = loader.loadTestsFromNames(names) if names else loader.discover(".", top_level_dir=".")
    result = LineResult()
    suite.run(result)
    print(f"{result.passed} passed, {result.failed} failed")
    return 0 if result.passed and not result.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
