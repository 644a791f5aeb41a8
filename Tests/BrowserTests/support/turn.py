"""A real coturn on loopback, as the nodes' users reach it."""

import os
import pathlib
import secrets
import shutil
import socket
import subprocess
import tempfile

from .servers import free_ports
from .waiting import wait_until

# A binding request (RFC 8489 §5): whoever speaks STUN answers it.
BINDING = b"\x00\x01\x00\x00\x21\x12\xa4\x42switchboard!"


class TurnServer:
    """Shares `secret` with the nodes, and relays between addresses of this machine."""

    def __init__(self):
        path = shutil.which("turnserver")
        if path is None:
            raise RuntimeError("turnserver is not installed: apt-get install coturn")
        self.directory = tempfile.mkdtemp(prefix="switchboard-turn-")
        self.port = free_ports(1)
        self.url = f"turn:127.0.0.1:{self.port}?transport=udp"
        self.secret = secrets.token_hex(32)
        self.log_file = pathlib.Path(self.directory, "log")
        configuration = pathlib.Path(self.directory, "turnserver.conf")
        configuration.write_text("\n".join([
            "listening-ip=127.0.0.1", f"listening-port={self.port}", "relay-ip=127.0.0.1", "min-port=49152",
            "max-port=65535", "realm=switchboard.test", "use-auth-secret", f"static-auth-secret={self.secret}",
            "fingerprint", "verbose",
            # For tests on one machine only: a relay into one's own machine is a hole anywhere else.
            "allow-loopback-peers",
            "no-tls", "no-dtls", "no-cli", "no-rfc5780", "simple-log", "log-file=stdout",
            f"pidfile={self.directory}/pid", f"userdb={self.directory}/db", "",
        ]))
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                [path, "-c", str(configuration)], cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            wait_until(self._answers, "coturn answers", 20)
        except AssertionError:
            print(self.log[-4_000:])
            self.close()
            raise

    @property
    def log(self):
        return self.log_file.read_text(errors="replace")

    def secret_file(self, secret=None):
        """A file for `turn.secretFile` with the secret of this server, or with another one."""
        path = os.path.join(self.directory, f"secret-{secrets.token_hex(4)}")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write((secret or self.secret) + "\n")
        return path

    def close(self):
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _answers(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"coturn ended with code {self._process.returncode}")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            probe.connect(("127.0.0.1", self.port))
            probe.send(BINDING)
            return probe.recv(1500)[8:20] == BINDING[8:20]
