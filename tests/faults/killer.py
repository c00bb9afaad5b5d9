"""Kills a process just before its nth write, flush or send: python -m tests.faults.killer PROCESS N

Says `attached`, and then the name of the call that the process did not live to make. What only wakes a thread does not
count. Calls are counted over all threads, which strace cannot. Ended by a signal, it lets the process go on.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from pathlib import Path

CALLS = {
    "x86_64": {1: "write", 18: "pwrite64", 20: "writev", 44: "sendto", 46: "sendmsg", 74: "fsync", 75: "fdatasync"},
    "aarch64": {64: "write", 66: "writev", 68: "pwrite64", 82: "fsync", 83: "fdatasync", 206: "sendto", 211: "sendmsg"},
}
_SEIZE, _INTERRUPT, _LISTEN, _SYSCALL, _SYSCALL_INFO = 0x4206, 0x4207, 0x4208, 24, 0x420E
_SYSGOOD, _FOLLOW_THREADS = 0x1, 0x8
_ALL_THREADS = 0x40000000
_SYSCALL_STOP, _EVENT_STOP = signal.SIGTRAP | 0x80, 128
_STOPPING = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


class _Info(ctypes.Structure):
    """The head of the kernel's struct ptrace_syscall_info, as it is when a call begins."""

    _fields_ = (
        ("op", ctypes.c_uint8),
        ("arch", ctypes.c_uint32),
        ("instruction", ctypes.c_uint64),
        ("stack", ctypes.c_uint64),
        ("number", ctypes.c_uint64),
        ("arguments", ctypes.c_uint64 * 6),
    )


def main() -> None:
    process, nth = int(sys.argv[1]), int(sys.argv[2])
    for task in Path(f"/proc/{process}/task").iterdir():
        _trace(_SEIZE, int(task.name), _SYSGOOD | _FOLLOW_THREADS)
        _trace(_INTERRUPT, int(task.name))
    _say("attached")
    _say(_kill_before(process, nth))


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _kill_before(process: int, nth: int) -> str:
    """The name of the call; empty when the process ended otherwise."""
    while True:
        try:
            thread, status = os.waitpid(-1, _ALL_THREADS)
        except ChildProcessError:
            return ""
        if not os.WIFSTOPPED(status):
            continue
        stopped_by, event = os.WSTOPSIG(status), status >> 16
        if stopped_by == _SYSCALL_STOP:
            name = _beginning(process, thread)
            nth -= name is not None
            if name is not None and nth == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)  # who kills also says so
                os.kill(process, signal.SIGKILL)
                return name
        if event == _EVENT_STOP and stopped_by in _STOPPING:
            _trace(_LISTEN, thread)
        else:
            is_signal = event == 0 and stopped_by != _SYSCALL_STOP
            _trace(_SYSCALL, thread, stopped_by if is_signal else 0)


def _beginning(process: int, thread: int) -> str | None:
    """The name of the counted call that this thread is about to make."""
    info = _Info()
    _libc.ptrace(_SYSCALL_INFO, thread, ctypes.sizeof(info), ctypes.byref(info))
    name = CALLS[platform.machine()].get(info.number) if info.op == 1 else None
    if name is None:
        return None
    try:
        file = Path(f"/proc/{process}/fd/{info.arguments[0]}").readlink()
    except OSError:
        return None
    return None if str(file).startswith("anon_inode:") else name


def _trace(request: int, thread: int, value: int = 0) -> None:
    if _libc.ptrace(request, thread, None, value) < 0 and ctypes.get_errno() != 3:  # a thread may have ended meanwhile
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
