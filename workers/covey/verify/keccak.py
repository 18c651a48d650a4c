"""Keccak-256 as Ethereum uses it: Keccak[c = 512] with the original padding, which FIPS 202 changed for SHA3-256.

Source: https://keccak.team/keccak_specs_summary.html
"""

from typing import Final

_RATE: Final = 136
_LANES: Final = 25
_RATE_LANES: Final = _RATE // 8
_MASK: Final = 2**64 - 1


def keccak256(data: bytes) -> bytes:
    """The 32-byte hash of `data`."""
    padding = bytearray(_RATE - len(data) % _RATE)
    padding[0] |= 0x01
    padding[-1] |= 0x80
    padded = data + bytes(padding)
    state = [0] * _LANES
    for start in range(0, len(padded), _RATE):
        for lane in range(_RATE_LANES):
            state[lane] ^= int.from_bytes(padded[start + 8 * lane : start + 8 * lane + 8], "little")
        state = _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


def _round_constants() -> tuple[int, ...]:
    """Bit 2^j - 1 of the constant of round i is the output 7·i + j of a linear feedback register."""
    constants, register = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << (2**j - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _rho_and_pi() -> tuple[tuple[int, int, int, int], ...]:
    """For each lane in its new place: its old one, the column of that, and the rotations left and right that it gets.

    Lane (x, y) is number x + 5·y.
    """
    moves, (x, y) = [(0, 0, 0, 64)] * _LANES, (1, 0)
    for t in range(24):
        to = (y, (2 * x + 3 * y) % 5)
        left = (t + 1) * (t + 2) // 2 % 64
        moves[to[0] + 5 * to[1]] = (x + 5 * y, x, left, 64 - left)
        x, y = to
    return tuple(moves)


_ROUND_CONSTANTS: Final = _round_constants()
_MOVES: Final = _rho_and_pi()
_ROWS: Final = tuple(range(0, _LANES, 5))


def _permute(s: list[int]) -> list[int]:
    """Keccak-f[1600]. Most of a verification's time is spent here, hence no inner functions and few loops."""
    for constant in _ROUND_CONSTANTS:
        a = s[0] ^ s[5] ^ s[10] ^ s[15] ^ s[20]
        b = s[1] ^ s[6] ^ s[11] ^ s[16] ^ s[21]
        c = s[2] ^ s[7] ^ s[12] ^ s[17] ^ s[22]
        d = s[3] ^ s[8] ^ s[13] ^ s[18] ^ s[23]
        e = s[4] ^ s[9] ^ s[14] ^ s[19] ^ s[24]
        theta = (
            e ^ (b << 1 & _MASK | b >> 63),
            a ^ (c << 1 & _MASK | c >> 63),
            b ^ (d << 1 & _MASK | d >> 63),
            c ^ (e << 1 & _MASK | e >> 63),
            d ^ (a << 1 & _MASK | a >> 63),
        )
        moved = [((lane := s[i] ^ theta[x]) << left | lane >> right) & _MASK for i, x, left, right in _MOVES]
        s = []
        for row in _ROWS:
            a, b, c, d, e = moved[row : row + 5]
            s += (a ^ ~b & c, b ^ ~c & d, c ^ ~d & e, d ^ ~e & a, e ^ ~a & b)
        s[0] ^= constant
    return s
