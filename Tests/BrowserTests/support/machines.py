"""Machines with networks of their own: network namespaces, and cables between them that can be plugged and pulled.

Only media go over the cables. What the test says to a browser, and what a page says to its node, passes through sockets
in the file system, as if each machine had another network for it.
"""

import itertools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from selenium import webdriver

from .browsers import require, start_browser
from .servers import free_ports

COUNTER = itertools.count(1)


class MachinesUnavailableError(Exception):
    """This system lets us make no network namespaces."""


def ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise MachinesUnavailableError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


class Machine:
    """One namespace, with nothing in it but its own loopback."""

    def __init__(self, node_port):
        self.namespace = f"sb{os.getpid()}m{next(COUNTER)}"
        self.url = f"http://127.0.0.1:{node_port}"
        self._directory = tempfile.mkdtemp(prefix="switchboard-machine-")
        self._processes = []
        ip("netns", "add", self.namespace)
        try:
            ip("-n", self.namespace, "link", "set", "lo", "up")
            self._join(node_port, "node", listens_here=True)
        except Exception:
            self.close()
            raise

    def browser(self):
        """A Chromium that lives on this machine. The caller quits it."""
        port = free_ports(1)
        self._join(port, f"driver-{port}", listens_here=False)
        program = pathlib.Path(self._directory, f"chromedriver-{port}")
        program.write_text(f'#!/bin/sh\nexec ip netns exec {self.namespace} {require("chromedriver")} "$@"\n')
        program.chmod(0o755)
        return start_browser(service=webdriver.ChromeService(str(program), port=port))

    def close(self):
        for process in self._processes:
            process.terminate()
            process.wait()
        subprocess.run(["ip", "netns", "delete", self.namespace], capture_output=True, check=False)
        shutil.rmtree(self._directory, ignore_errors=True)

    def _join(self, port, name, *, listens_here):
        """The same port of loopback on this machine and outside; `listens_here`: a port of outside, seen from here."""
        path = f"unix:{self._directory}/{name}"
        inside = (f"tcp:{port}", path) if listens_here else (path, f"tcp:{port}")
        outside = (path, f"tcp:{port}") if listens_here else (f"tcp:{port}", path)
        forward = [sys.executable, "-m", "support.forward"]
        for command in (["ip", "netns", "exec", self.namespace, *forward, *inside], [*forward, *outside]):
            self._processes.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))


class Cable:
    """A network of its own between two machines."""

    def __init__(self, one, other):
        number = next(COUNTER)
        self.prefix = f"198.18.{number}."
        self._ends = [(one.namespace, f"sb{number}a", 1), (other.namespace, f"sb{number}b", 2)]
        (namespace, name, _), (other_namespace, other_name, _) = self._ends
        ip("-n", namespace, "link", "add", name, "type", "veth", "peer", "name", other_name, "netns", other_namespace)
        for namespace, name, host in self._ends:
            ip("-n", namespace, "address", "add", f"{self.prefix}{host}/24", "dev", name)
            ip("-n", namespace, "link", "set", name, "up")

    def pull(self):
        for namespace, name, _ in self._ends:
            ip("-n", namespace, "link", "set", name, "down")
