"""A child process whose output is kept in a file and watched for a line.

Never leaves a process behind: whoever starts one stops or kills it.
"""

import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from polling import wait_for


class Process:
    """A running program; standard output and error go to one log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        env: Mapping[str, str],
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(env),
                cwd=cwd,
            )

    def output(self) -> str:
        """Everything printed so far."""
        return self.log.read_text(errors="replace")

    def wait_for_line(self, pattern: str, deadline_s: float = 20.0) -> re.Match[str]:
        """Waits until a whole line of the output matches `pattern`."""

        def probe() -> re.Match[str] | None:
            found = re.search(f"^{pattern}$", self.output(), re.MULTILINE)
            if found is None and self._popen.poll() is not None:
                raise AssertionError(
                    f"{self.name} exited with {self._popen.returncode}:\n{self.output()}"
                )
            return found

        try:
            return wait_for(f"{self.name} to print {pattern!r}", probe, deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.output()}") from None

    def stop(self, deadline_s: float = 15.0) -> int:
        """Asks the program to end (SIGTERM) and returns its exit code."""
        self._popen.send_signal(signal.SIGTERM)
        try:
            return self._popen.wait(deadline_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"{self.name} ignored SIGTERM for {deadline_s:g} s:\n{self.output()}"
            ) from None

    def kill(self) -> None:
        """Ends the program at once (SIGKILL), as a crash would."""
        self._popen.kill()
        self._popen.wait()
