"""Reading single bits and Exp-Golomb numbers, as codec headers need it."""

from __future__ import annotations


class Malformed(ValueError):
    """The bytes are not what their own headers say they are."""


class CutOff(Malformed):
    """The bytes end before what their headers announce does."""


class Bits:
    """A cursor over the bits of ``data``, most significant first."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._length = len(data) * 8
        self._at = 0

    def take(self, count: int) -> int:
        """The next ``count`` bits as an unsigned number."""
        if self._at + count > self._length:
            raise Malformed("a codec header ends too early")
        self._at += count
        return (self._value >> (self._length - self._at)) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.take(1) == 1

    def golomb(self) -> int:
        """Unsigned Exp-Golomb, at most 32 bits long."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise Malformed("a number in a codec header is too long")
        return (1 << zeros) - 1 + (self.take(zeros) if zeros else 0)

    def signed_golomb(self) -> int:
        value = self.golomb()
        return (value + 1) // 2 if value & 1 else -(value // 2)


def unescaped(data: bytes) -> bytes:
    """The payload of a NAL unit without its emulation prevention bytes (``00 00 03`` becomes ``00 00``)."""
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)
