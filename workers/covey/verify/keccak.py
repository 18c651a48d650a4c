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
        _permute(state)
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


def _rho_and_pi() -> tuple[tuple[int, int, int], ...]:
    """(from, to, left rotation) for each lane; lane (x, y) is number x + 5·y."""
    moves, (x, y) = [(0, 0, 0)], (1, 0)
    for t in range(24):
        to = (y, (2 * x + 3 * y) % 5)
        moves.append((x + 5 * y, to[0] + 5 * to[1], (t + 1) * (t + 2) // 2 % 64))
        x, y = to
    return tuple(moves)


_ROUND_CONSTANTS: Final = _round_constants()
_MOVES: Final = _rho_and_pi()
_ROWS: Final = tuple(range(0, _LANES, 5))


def _permute(state: list[int]) -> None:
    """Keccak-f[1600], in place."""
    moved = [0] * _LANES
    for constant in _ROUND_CONSTANTS:
        columns = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
        theta = [
            columns[(x - 1) % 5] ^ (columns[(x + 1) % 5] << 1 & _MASK | columns[(x + 1) % 5] >> 63) for x in range(5)
        ]
        for source, target, shift in _MOVES:
            lane = state[source] ^ theta[source % 5]
            moved[target] = (lane << shift | lane >> (64 - shift)) & _MASK
        for row in _ROWS:
            a, b, c, d, e = moved[row : row + 5]
            state[row : row + 5] = (a ^ ~b & c, b ^ ~c & d, c ^ ~d & e, d ^ ~e & a, e ^ ~a & b)
        state[0] ^= constant
