"""Real servers for the tests: one node, or a whole cluster. Everything is on loopback and ends with the test."""

import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.request

from .waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
CONFIGURATION = os.environ.get("SWITCHBOARD_CONFIGURATION", "debug")


def free_ports(count):
    """Ports that nobody listens on at the moment, one after the other."""
    for first in range(20_000 + os.getpid() % 10_000, 60_000, count):
        sockets = []
        try:
            for port in range(first, first + count):
                taken = socket.socket()
                sockets.append(taken)
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                taken.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for taken in sockets:
                taken.close()
    raise RuntimeError(f"there are no {count} free ports in a row")


def program(name):
    """The program of the build; built if it is not there."""
    given = os.environ.get("SWITCHBOARD_BINARY")
    if given and name == "switchboard":
        return given
    built = ROOT / ".build" / CONFIGURATION / name
    if not built.exists():
        subprocess.run(
            ["swift", "build", "--configuration", CONFIGURATION, "--product", name], cwd=ROOT, check=True
        )
    return str(built)


def answers(url):
    with urllib.request.urlopen(url, timeout=2) as response:
        return response.status == 200


class Node:
    """`switchboard serve` without a cluster, with an SQLite file in a temporary directory.

    `arguments` and `environment` are its configuration beyond that.
    """

    def __init__(self, *arguments, environment=None):
        self._arguments = arguments
        self._environment = environment or {}
        self.directory = tempfile.mkdtemp(prefix="switchboard-browser-")
        self.port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = open(os.path.join(self.directory, "log"), "ab")
        self._process = None
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            [
                program("switchboard"), "serve", "--port", str(self.port), "--internal-port", str(self.port + 1),
                "--data", os.path.join(self.directory, "calls.sqlite"),
                "--web-root", os.environ.get("SWITCHBOARD_WEB_ROOT", str(ROOT / "Sources" / "BrowserClient")),
                *self._arguments,
            ],
            cwd=self.directory, env={**os.environ, **self._environment}, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
        )
        try:
            wait_until(lambda: self._alive() and answers(self.url + "/"), "the node serves its page", 60)
        except AssertionError:
            self.close(keep_log=True)
            raise

    def kill(self):
        """kill -9: what it has not committed is gone."""
        self._process.kill()
        self._process.wait()

    def close(self, keep_log=False):
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        self._log.close()
        if keep_log:
            print(pathlib.Path(self.directory, "log").read_text(errors="replace")[-4_000:])
        shutil.rmtree(self.directory, ignore_errors=True)

    def _alive(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"the node ended with code {self._process.returncode}")
        return True


class Cluster:
    """`Scripts/cluster` with ports and a state directory of its own."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="switchboard-browser-")
        # PostgreSQL runs as a user of its own where the tests run as root.
        os.chmod(self.directory, 0o755)
        first = free_ports(101)
        self.url = f"http://127.0.0.1:{first}"
        try:
            self._run(
                "up", "--port", str(first), "--base-port", str(first + 1), "--balance", "roundrobin",
                "--binary", program("switchboard"), seconds=600,
            )
        except Exception:
            self.close()
            raise

    def leader(self, call_id):
        """Name of the node that leads the call."""
        return self._run("leader", call_id).split()[0]

    def kill(self, node):
        self._run("kill", node)

    def restart(self, node):
        self._run("restart", node, seconds=120)

    def close(self):
        self._run("down", seconds=120, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, *arguments, seconds=60, check=True):
        command = [os.environ.get("SWITCHBOARD_CLUSTER", str(ROOT / "Scripts" / "cluster")), arguments[0]]
        done = subprocess.run(
            [*command, "--state", self.directory, *arguments[1:]],
            cwd=ROOT, env={**os.environ, "SWITCHBOARD_ROOT": str(ROOT)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"cluster {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout
