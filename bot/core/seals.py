"""Sealing short texts with the secret key: a button's payload belongs to one person, a code is kept only as its digest."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass

_SEAL = 8


@dataclass(frozen=True, slots=True)
class Seals:
    """`key` has 16 to 64 bytes; longer secrets are digested first."""

    key: bytes

    def seal(self, payload: str, *, owner: str) -> str:
        """The payload and eight letters that nobody else can make for this owner; at most 64 bytes if the payload has 55."""
        return f"{payload}:{self._mark(payload, owner)}"

    def open(self, sealed: str, *, owner: str) -> str | None:
        """The payload, or None when it was not sealed for this owner."""
        payload, _, mark = sealed.rpartition(":")
        genuine = hmac.compare_digest(mark.encode(), self._mark(payload, owner).encode())
        return payload if genuine else None

    def digest(self, secret: str) -> str:
        """What is stored in place of a code or a cookie: 43 letters that do not lead back to it."""
        return base64.urlsafe_b64encode(hmac.digest(self.key, secret.encode(), hashlib.sha256)).decode().rstrip("=")

    def _mark(self, payload: str, owner: str) -> str:
        mac = hashlib.blake2b(f"{owner}\n{payload}".encode(errors="replace"), digest_size=_SEAL * 3 // 4, key=self.key)
        return base64.urlsafe_b64encode(mac.digest()).decode()
