// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RingSignature} from "../../contracts/libraries/RingSignature.sol";

/// @notice Signs for a ring, for tests only: nothing is constant-time, and scalars that should be random are small.
library RingSigner {
    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @dev The chain of challenges, as far as it went.
    struct Chain {
        Point h;
        Point tag;
        bytes32 context;
        uint256 secret;
        uint256 nonce;
        uint256 challenge;
        uint256 product;
    }

    uint256 private constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;
    bytes32 private constant CHALLENGE_DOMAIN = keccak256("covey.ring.challenge");

    function publicKey(uint256 secret) internal view returns (Point memory) {
        return multiply(Point(GX, GY), secret);
    }

    function tagPoint(uint256 secret, bytes32 scope) internal view returns (Point memory) {
        (uint256 x, uint256 y) = RingSignature.hashToCurve(scope);
        return multiply(Point(x, y), secret);
    }

    /// @param position the signer's place in `ring`
    function sign(uint256 secret, uint256 position, Point[] memory ring, bytes32 message, bytes32 scope)
        internal
        view
        returns (RingSignature.Signature memory signature)
    {
        Chain memory c;
        (c.h.x, c.h.y) = RingSignature.hashToCurve(scope);
        c.tag = multiply(c.h, secret);
        c.context = _context(message, scope, c.tag, ring);
        c.secret = secret;
        c.nonce = 1 + uint256(keccak256(abi.encode(secret, message, scope))) % 1e6;
        c.product = 1;
        (signature.tagX, signature.tagY) = (c.tag.x, c.tag.y);
        signature.members = new uint256[7][](ring.length);
        _close(c, position, ring, signature);
        signature.inverse = _power(c.product, P - 2);
    }

    /// @dev From the signer's nonce once around the ring.
    function _close(Chain memory c, uint256 position, Point[] memory ring, RingSignature.Signature memory signature)
        private
        view
    {
        _extend(c, position, addressOf(publicKey(c.nonce)), multiply(c.h, c.nonce));
        for (uint256 i = (position + 1) % ring.length;; i = (i + 1) % ring.length) {
            if (i == 0) signature.c0 = c.challenge;
            if (i == position) break;
            uint256 s = c.nonce + i + 1;
            signature.members[i] = _member(c, ring[i], s);
            _extend(c, i, _left(c, ring[i], s), _right(c, s));
        }
        uint256 own = addmod(c.nonce, N - mulmod(c.challenge, c.secret, N), N);
        signature.members[position] = _member(c, ring[position], own);
    }

    /// @dev A ring member's words: its key, s, A = s·h, B = c·T.
    function _member(Chain memory c, Point memory key, uint256 s) private view returns (uint256[7] memory) {
        Point memory a = multiply(c.h, s);
        Point memory b = multiply(c.tag, c.challenge);
        c.product = mulmod(c.product, addmod(b.x, P - a.x, P), P);
        return [key.x, key.y, s, a.x, a.y, b.x, b.y];
    }

    /// @dev Address of L = s·G + c·P, which ecrecover adds up.
    function _left(Chain memory c, Point memory key, uint256 s) private pure returns (address) {
        uint256 z = N - mulmod(s, key.x, N);
        return ecrecover(bytes32(z), uint8(27 + (key.y & 1)), bytes32(key.x), bytes32(mulmod(c.challenge, key.x, N)));
    }

    /// @dev R = s·h + c·T = (s + c·secret)·h.
    function _right(Chain memory c, uint256 s) private view returns (Point memory) {
        return multiply(c.h, addmod(s, mulmod(c.challenge, c.secret, N), N));
    }

    function _extend(Chain memory c, uint256 i, address left, Point memory right) private pure {
        c.challenge = uint256(keccak256(abi.encode(c.context, i, left, right.x, right.y))) % N;
    }

    function _context(bytes32 message, bytes32 scope, Point memory tag, Point[] memory ring)
        private
        pure
        returns (bytes32)
    {
        bytes memory keys;
        for (uint256 i; i < ring.length; ++i) {
            keys = bytes.concat(keys, abi.encode(addressOf(ring[i])));
        }
        return
            keccak256(
                abi.encode(CHALLENGE_DOMAIN, scope, message, keccak256(abi.encode(tag.x, tag.y)), keccak256(keys))
            );
    }

    function addressOf(Point memory p) internal pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(p.x, p.y)))));
    }

    /// @notice k times a point, by double-and-add in Jacobian coordinates.
    function multiply(Point memory p, uint256 k) internal view returns (Point memory) {
        uint256[3] memory r = [uint256(0), 1, 0];
        uint256 bit = 256;
        while (k >> (bit - 1) == 0) --bit;
        for (; bit != 0; --bit) {
            _double(r);
            if ((k >> (bit - 1)) & 1 == 1) _add(r, p);
        }
        return _affine(r);
    }

    function _affine(uint256[3] memory r) private view returns (Point memory) {
        uint256 inverse = _power(r[2], P - 2);
        uint256 square = mulmod(inverse, inverse, P);
        return Point(mulmod(r[0], square, P), mulmod(r[1], mulmod(square, inverse, P), P));
    }

    function _double(uint256[3] memory r) private pure {
        unchecked {
            (uint256 x, uint256 y) = (r[0], r[1]);
            r[2] = mulmod(addmod(y, y, P), r[2], P);
            uint256 m = mulmod(3, mulmod(x, x, P), P);
            y = mulmod(y, y, P);
            uint256 s = mulmod(4, mulmod(x, y, P), P);
            x = addmod(mulmod(m, m, P), P - addmod(s, s, P), P);
            r[0] = x;
            r[1] = addmod(mulmod(m, addmod(s, P - x, P), P), P - mulmod(8, mulmod(y, y, P), P), P);
        }
    }

    /// @dev The points differ, as multiples of one point do in double-and-add.
    function _add(uint256[3] memory r, Point memory p) private pure {
        unchecked {
            if (r[2] == 0) {
                (r[0], r[1], r[2]) = (p.x, p.y, 1);
                return;
            }
            uint256 zz = mulmod(r[2], r[2], P);
            uint256 h = addmod(mulmod(p.x, zz, P), P - r[0], P);
            uint256 d = addmod(mulmod(p.y, mulmod(zz, r[2], P), P), P - r[1], P);
            r[2] = mulmod(r[2], h, P);
            uint256 hhh = mulmod(mulmod(h, h, P), h, P);
            uint256 v = mulmod(r[0], mulmod(h, h, P), P);
            r[0] = addmod(mulmod(d, d, P), P - addmod(hhh, addmod(v, v, P), P), P);
            r[1] = addmod(mulmod(d, addmod(v, P - r[0], P), P), P - mulmod(r[1], hhh, P), P);
        }
    }

    function _power(uint256 base, uint256 exponent) private view returns (uint256) {
        (, bytes memory out) = address(5).staticcall(abi.encode(32, 32, 32, base, exponent, P));
        return uint256(bytes32(out));
    }
}
