"""The security code: section 11 of docs/PROTOCOL.md. Pure."""

import base64
import hashlib
import json
import re
import secrets

from .servers import ROOT

LABEL = b"switchboard security code v1"
PICTURES = ROOT / "Tests" / "Traces" / "security-emoji.json"


def fingerprint_of(sdp):
    """The 32 bytes that a description names; none if it names others too."""
    found = set(re.findall(r"^a=fingerprint:(.*?)\s*$", sdp, re.M))
    if len(found) != 1:
        return None
    algorithm, digits = found.pop().split()
    return bytes.fromhex(digits.replace(":", "")) if algorithm.lower() == "sha-256" else None


def commitment(nonce, fingerprint):
    return hashlib.sha256(nonce + fingerprint).digest()


def code(call, fingerprint_a, fingerprint_b, nonce_a, nonce_b):
    digest = hashlib.sha256(
        LABEL + b"\0" + call.lower().encode("ascii") + fingerprint_a + fingerprint_b + nonce_a + nonce_b
    ).digest()
    pictures = json.loads(PICTURES.read_text(encoding="utf-8"))
    return [pictures[byte]["name"] for byte in digest[:5]]


def to_text(value):
    return base64.urlsafe_b64encode(value).decode("ascii").rstrip("=")


def to_bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class SecurityExchange:
    """One session's exchange at one end; each input returns the messages that are to be sent."""

    def __init__(self, call, session, is_caller):
        self.call = call
        self.session = session
        self.is_caller = is_caller
        self.failed = False
        self._nonce = secrets.token_bytes(16)
        self._local = None
        self._remote = None
        self._is_selected = False
        self._commitment = None
        self._peer_nonce = None
        self._sent = set()

    @property
    def code(self):
        """None until both have told all, and for ever if something did not fit."""
        if self.failed or not self._peer_nonce or not self._local or not self._remote:
            return None
        if self.is_caller and "reveal" not in self._sent:
            return None
        ours, theirs = (self._local, self._nonce), (self._remote, self._peer_nonce)
        (fp_a, nonce_a), (fp_b, nonce_b) = (ours, theirs) if self.is_caller else (theirs, ours)
        return code(self.call, fp_a, fp_b, nonce_a, nonce_b)

    def local_described(self, sdp):
        self._local = fingerprint_of(sdp)
        return self._advance()

    def remote_described(self, sdp):
        self._remote = fingerprint_of(sdp)
        return self._advance()

    def selected(self):
        self._is_selected = True
        return self._advance()

    def received(self, message):
        value = to_bytes(message["value"])
        if message["step"] == "commit" and not self.is_caller and self._commitment is None:
            self._commitment = value
        elif message["step"] == "nonce" and self.is_caller and self._peer_nonce is None:
            self.failed |= "commit" not in self._sent
            self._peer_nonce = value
        elif message["step"] == "reveal" and not self.is_caller and self._peer_nonce is None:
            is_kept = self._remote is not None and commitment(value, self._remote) == self._commitment
            self.failed |= "nonce" not in self._sent or not is_kept
            self._peer_nonce = value
        return self._advance()

    def _advance(self):
        if self.failed or self._local is None:
            return []
        if self.is_caller:
            messages = self._say("commit", commitment(self._nonce, self._local))
            if self._is_selected and self._peer_nonce and self._remote:
                messages += self._say("reveal", self._nonce)
            return messages
        return self._say("nonce", self._nonce) if self._commitment else []

    def _say(self, step, value):
        if step in self._sent:
            return []
        self._sent.add(step)
        return [{"security": {"step": step, "value": to_text(value), "session": self.session}}]
