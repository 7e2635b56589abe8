# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""Reads the body of a request, bounded."""

from __future__ import annotations

from typing import BinaryIO

from .faults import RequestFault, invalid

LARGEST = 32 << 20
LONGEST_LINE = 1024


def _too_large() -> RequestFault:
    return RequestFault(413, "invalid_request_error", f"the body is larger than {LARGEST >> 20} MiB")


def read(stream: BinaryIO, length: str | None, encoding: str | None) -> bytes:
    """- Raises: `RequestFault`; what is left of the body is the caller's to get rid of."""
    if encoding is not None and encoding.lower() == "chunked":
        return _chunks(stream)
    if length is None:
        return b""
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise invalid("the length of the body is no number")
    if int(length) > LARGEST:
        raise _too_large()
    body = stream.read(int(length))
    if len(body) < int(length):
        raise invalid("the body ended too early")
    return body


def _chunks(stream: BinaryIO) -> bytes:
    parts: list[bytes] = []
    total = 0
    while True:
        size = stream.readline(LONGEST_LINE).split(b";")[0].strip()
        if not size or len(size) > 16 or any(digit not in b"0123456789abcdefABCDEF" for digit in size):
            raise invalid("the body is not sent in chunks as it says")
        if int(size, 16) == 0:
            break
        total += int(size, 16)
        if total > LARGEST:
            raise _too_large()
        part = stream.read(int(size, 16))
        if len(part) < int(size, 16) or stream.readline(LONGEST_LINE).strip():
            raise invalid("the body ended too early")
        parts.append(part)
    while stream.readline(LONGEST_LINE).strip():
        continue
    return b"".join(parts)
