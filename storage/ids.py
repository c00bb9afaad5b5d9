"""Ids that grow with time, made by the process and not by the database, so that many rows go in one statement."""

from __future__ import annotations

import secrets
import time

_EPOCH = 1_704_067_200_000_000  # 2024-01-01 in microseconds
_NODE_BITS = 12
_node = secrets.randbits(_NODE_BITS)
_last = 0


def new_id() -> int:
    """A positive 63-bit number above every earlier one of this process, even when the clock goes back.

    Two processes make the same one only with the same node (1 in 4,096) in the same microsecond; the unique key then
    breaks the batch, which is retried turn by turn with new ids.
    """
    global _last  # noqa: PLW0603 -- one counter a process is what makes the ids grow
    _last = max(_last + 1, time.time_ns() // 1000 - _EPOCH)
    return _last << _NODE_BITS | _node
