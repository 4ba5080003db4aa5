"""Peak resident memory of this process, measured so that it depends on the run and not on chance.

Left alone, glibc adapts to what was freed before, spreads threads over arenas and keeps pages that nothing uses, so the
resident set of one and the same run differs by half. Between ``watch`` and ``peak`` every block of a page or more
of numbers is mapped on its own and given back when freed: slower, so only the steps that matter are watched.

Counted is anonymous memory. How much of a mapped file (a shared library, a table) is resident depends on what other
processes have read, and is left out. Sources: mallopt(3), malloc_trim(3), proc(5).
"""

import ctypes
import resource
import sys
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # malloc.h
OWN_MAPPING = 64 * 1024  # bytes: while watching, a block of this size or more is mapped on its own
FROM_HEAP = 32 * 2**20  # bytes: otherwise smaller blocks come from the heap, the most that glibc allows
KEEP = 2**30  # bytes at the top of the heap that are kept rather than given back and asked for again
STATUS = Path("/proc/self/status")
CLEAR_REFS = Path("/proc/self/clear_refs")
RESET_PEAK = "5"  # proc(5): resets VmHWM, the peak resident set

_libc = ctypes.CDLL(None)
_adjustable = all(hasattr(_libc, name) for name in ("mallopt", "malloc_trim"))  # glibc


def settle() -> int:
    """One arena and fixed thresholds from here on; anonymous resident memory in bytes. Call it before threads start."""
    if _adjustable:
        _libc.mallopt(M_ARENA_MAX, 1)
        _libc.mallopt(M_TRIM_THRESHOLD, KEEP)
    _unwatch()
    return _bytes("RssAnon") if STATUS.exists() else _largest_ever()


def watch() -> None:
    """Give back what is unused, and count the peak from here."""
    if _adjustable:
        _libc.mallopt(M_MMAP_THRESHOLD, OWN_MAPPING)
        _libc.malloc_trim(0)
    if CLEAR_REFS.exists():
        CLEAR_REFS.write_text(RESET_PEAK, encoding="utf-8")


def peak() -> int:
    """Peak of anonymous resident memory in bytes since ``watch``; off Linux, of all resident memory ever."""
    _unwatch()
    if not STATUS.exists():
        return _largest_ever()
    return _bytes("VmHWM") - _bytes("RssFile") - _bytes("RssShmem")


def _unwatch() -> None:
    if _adjustable:
        _libc.mallopt(M_MMAP_THRESHOLD, FROM_HEAP)
        _libc.malloc_trim(0)


def _bytes(field: str) -> int:
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    line = next(line for line in lines if line.startswith(f"{field}:"))  # such as "VmHWM:  123 kB"
    return int(line.split()[1]) * 1024


def _largest_ever() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # bytes on macOS, KiB elsewhere
