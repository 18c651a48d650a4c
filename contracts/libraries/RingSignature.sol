// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Linkable ring signatures on secp256k1
/// @notice Proves that one of the ring's keys signed a message, without telling which one, and yields a tag that is the
/// same for every signature by that key in the same scope and unlinkable across scopes: LSAG of Liu, Wei and Wong
/// (ACISP 2004) with one tag base per scope.
///
/// With G the generator, n its order, h = `hashToCurve(scope)`, P_i = x_i·G the ring's keys and T = x·h the signer's tag
/// point, a signature is (T, c_0, s_0 … s_{k−1}) such that the chain
///     L_i = s_i·G + c_i·P_i,   R_i = s_i·h + c_i·T,   c_{i+1} = keccak(context ‖ i ‖ address(L_i) ‖ R_i) mod n
/// closes: c_k = c_0. The context binds scope, message, T and ring.
///
/// The EVM lacks secp256k1's group law, but ecrecover(z, v, r, σ) is the address of r⁻¹·(σ·Q − z·G), Q being the point with
/// x coordinate r and the parity of v. With r = x(Q), σ = k·r and z = −s·r that is the address of s·G + k·Q. L_i is hashed
/// as that address. The summands of R_i, A_i = s_i·h and B_i = c_i·T, are given and compared by address, then added here.
/// A birthday collision of addresses helps nobody: all three are compared with values fixed by c_i, which is a hash of
/// L_i's address and R_i, so a forger needs a second preimage (2^160).
/// @dev ecrecover returns nothing, and the signature is refused, if r or σ is 0 or at least n, if no point has x = r, and if
/// the result is the point at infinity. So each c_i, and each key as far as it counts, is checked there.
/// @custom:invariant I-20 signatures have the same shape and distribution whichever member signed
/// @custom:invariant I-21 one tag per key and scope; a signature is valid for one scope, message and ring only
library RingSignature {
    /// @notice A signature over a ring of `members.length` keys
    /// @param tagX x coordinate of the tag point T, in [1, n)
    /// @param tagY y coordinate of T, below p
    /// @param c0 the first challenge, in [1, n)
    /// @param inverse the inverse mod p of Π (x(B_i) − x(A_i))
    /// @param members per member, in the ring's order: P_i (x, y), s_i in [1, n), A_i (x, y), B_i (x, y)
    struct Signature {
        uint256 tagX;
        uint256 tagY;
        uint256 c0;
        uint256 inverse;
        uint256[7][] members;
    }

    /// @notice The ring is empty, or the signature is over a ring of another size
    error RingSizeMismatch();
    /// @notice The tag point is not on the curve, or not in its one encoding
    error InvalidTag();
    /// @notice c_0 is not in [1, n)
    error ChallengeOutOfRange();
    /// @notice `inverse` is wrong; there is none if some A_i and B_i have the same x coordinate
    error InverseMismatch();
    /// @notice s of member `index` is not in [1, n)
    error ScalarOutOfRange(uint256 index);
    /// @notice The key given for member `index` is not that of the ring's address
    error KeyMismatch(uint256 index);
    /// @notice L of member `index` is undefined: its key is not on the curve, or L is the point at infinity
    error UndefinedCommitment(uint256 index);
    /// @notice A of member `index` is not s·h, or B is not c·T
    error MultipleMismatch(uint256 index);
    /// @notice The last challenge is not c_0: nobody in this ring signed this message in this scope
    error ChainNotClosed();

    /// @dev Order of secp256k1's field
    uint256 private constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @dev Order n of its group, a prime below p
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    /// @dev (p + 1)/4: as p = 3 mod 4, a square to this power is a root of it
    uint256 private constant SQRT_EXPONENT = 0x3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFBFFFFF0C;

    bytes32 private constant BASE_DOMAIN = keccak256("covey.ring.base");
    bytes32 private constant CHALLENGE_DOMAIN = keccak256("covey.ring.challenge");

    /// @notice Checks a ring signature, and reverts unless it is valid
    /// @dev The caller sees to it that the ring's addresses are those of keys, once each, and that a tag counts once.
    /// @param message what is signed
    /// @param scope within it, all signatures by one key have one tag
    /// @param ring the members' addresses, in the order signed over
    /// @param signature the signature
    /// @return tag keccak of the signer's tag point
    function verify(bytes32 message, bytes32 scope, address[] memory ring, Signature calldata signature)
        internal
        view
        returns (bytes32 tag)
    {
        (uint256 tagX, uint256 tagY, uint256 c0) = (signature.tagX, signature.tagY, signature.c0);
        if (ring.length == 0 || signature.members.length != ring.length) revert RingSizeMismatch();
        if (tagX == 0 || tagX >= N || tagY >= P || mulmod(tagY, tagY, P) != _curve(tagX)) revert InvalidTag();
        if (c0 == 0 || c0 >= N) revert ChallengeOutOfRange();
        tag = Hashes.efficientKeccak256(bytes32(tagX), bytes32(tagY));
        bytes32 context = keccak256(abi.encode(CHALLENGE_DOMAIN, scope, message, tag, _hash(ring)));
        (uint256[] memory suffixes, uint256 product) = _suffixProducts(signature.members);
        if (mulmod(product, signature.inverse, P) != 1) revert InverseMismatch();
        (uint256 hx, uint256 hy) = hashToCurve(scope);
        _walk(context, ring, signature, suffixes, hx, hy);
    }

    /// @notice The tag base of a scope, whose logarithm nobody knows: the point with even y of the first counter 0, 1, …
    /// for which keccak(domain ‖ scope ‖ counter) is the x coordinate of a point
    function hashToCurve(bytes32 scope) internal view returns (uint256 x, uint256 y) {
        for (uint256 counter = 0;; ++counter) {
            x = uint256(keccak256(abi.encode(BASE_DOMAIN, scope, counter)));
            uint256 square = _curve(x);
            y = _root(square);
            if (x != 0 && x < N && mulmod(y, y, P) == square) break;
        }
        if (y & 1 == 1) y = P - y;
    }

    /// @dev Computes the chain of challenges from c_0, and reverts unless it closes. In assembly, because the calls of
    /// ecrecover leave little else of a member's gas: their inputs stay in memory, and only what changes is stored again.
    function _walk(
        bytes32 context,
        address[] memory ring,
        Signature calldata signature,
        uint256[] memory suffixes,
        uint256 hx,
        uint256 hy
    ) private view {
        uint256[7][] calldata members = signature.members;
        (uint256 tagX, uint256 tagY, uint256 c0) = (signature.tagX, signature.tagY, signature.c0);
        // Of the product of the factors x(B_j) − x(A_j), j ≥ i; so, times suffix i, of factor i.
        uint256 inverse = signature.inverse;
        uint256 size = ring.length;
        uint256 fault;
        uint256 i;
        assembly ("memory-safe") {
            let toL := mload(0x40) // ecrecover's inputs (z, v, r, σ) for L, A and B
            let toA := add(toL, 0x80)
            let toB := add(toL, 0x100)
            let preimage := add(toL, 0x180) // of the next challenge: context, i, address(L), R
            mstore(toA, 0)
            mstore(add(toA, 0x20), add(27, and(hy, 1)))
            mstore(add(toA, 0x40), hx)
            mstore(toB, 0)
            mstore(add(toB, 0x20), add(27, and(tagY, 1)))
            mstore(add(toB, 0x40), tagX)
            mstore(preimage, context)

            let c := c0
            let m := members.offset
            for {} lt(i, size) {} {
                ring := add(ring, 0x20)
                suffixes := add(suffixes, 0x20)
                let s := calldataload(add(m, 0x40))
                if iszero(lt(sub(s, 1), sub(N, 1))) {
                    fault := 1
                    break
                }

                // P
                calldatacopy(0x00, m, 0x40)
                if shl(96, xor(keccak256(0x00, 0x40), mload(ring))) {
                    fault := 2
                    break
                }

                // L = s·G + c·P
                {
                    let x := mload(0x00)
                    mstore(toL, sub(N, mulmod(s, x, N)))
                    mstore(add(toL, 0x20), add(27, and(mload(0x20), 1)))
                    mstore(add(toL, 0x40), x)
                    mstore(add(toL, 0x60), mulmod(c, x, N))
                }
                pop(staticcall(gas(), 1, toL, 0x80, add(preimage, 0x40), 0x20))
                if iszero(returndatasize()) {
                    fault := 3
                    break
                }

                // A = s·h
                mstore(add(toA, 0x60), mulmod(s, hx, N))
                calldatacopy(0x00, add(m, 0x60), 0x40)
                let expected := keccak256(0x00, 0x40)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, toA, 0x80, 0x00, 0x20))
                if shl(96, xor(expected, mload(0x00))) {
                    fault := 4
                    break
                }

                // B = c·T
                mstore(add(toB, 0x60), mulmod(c, tagX, N))
                calldatacopy(0x00, add(m, 0xa0), 0x40)
                expected := keccak256(0x00, 0x40)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, toB, 0x80, 0x00, 0x20))
                if shl(96, xor(expected, mload(0x00))) {
                    fault := 4
                    break
                }

                // R = A + B
                {
                    let ax := calldataload(add(m, 0x60))
                    let bx := calldataload(add(m, 0xa0))
                    let minusAy := sub(P, calldataload(add(m, 0x80)))
                    let slope :=
                        mulmod(addmod(calldataload(add(m, 0xc0)), minusAy, P), mulmod(inverse, mload(suffixes), P), P)
                    let rx := addmod(mulmod(slope, slope, P), sub(P, addmod(ax, bx, P)), P)
                    mstore(add(preimage, 0x60), rx)
                    mstore(add(preimage, 0x80), addmod(mulmod(slope, addmod(ax, sub(P, rx), P), P), minusAy, P))
                    inverse := mulmod(inverse, addmod(bx, sub(P, ax), P), P)
                }
                mstore(add(preimage, 0x20), i)
                c := mod(keccak256(preimage, 0xa0), N)
                m := add(m, 0xe0)
                i := add(i, 1)
            }
            if iszero(or(fault, eq(c, c0))) { fault := 5 }
        }
        if (fault == 0) return;
        if (fault == 1) revert ScalarOutOfRange(i);
        if (fault == 2) revert KeyMismatch(i);
        if (fault == 3) revert UndefinedCommitment(i);
        if (fault == 4) revert MultipleMismatch(i);
        revert ChainNotClosed();
    }

    /// @dev Suffix i is Π_{j>i} (x(B_j) − x(A_j)) mod p, and `product` the whole: one inverse serves all members (Montgomery).
    function _suffixProducts(uint256[7][] calldata members)
        private
        pure
        returns (uint256[] memory suffixes, uint256 product)
    {
        suffixes = new uint256[](members.length);
        assembly ("memory-safe") {
            product := 1
            let suffix := add(suffixes, shl(5, members.length))
            let m := add(members.offset, mul(members.length, 0xe0))
            for {} gt(suffix, suffixes) { suffix := sub(suffix, 0x20) } {
                m := sub(m, 0xe0)
                mstore(suffix, product)
                let minusAx := sub(P, mod(calldataload(add(m, 0x60)), P))
                product := mulmod(product, addmod(calldataload(add(m, 0xa0)), minusAx, P), P)
            }
        }
    }

    /// @dev y² of the points with this x
    function _curve(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, P), x, P), 7, P);
    }

    /// @dev The square root mod p of a square; anything for another number
    function _root(uint256 square) private view returns (uint256 root) {
        assembly ("memory-safe") {
            let input := mload(0x40) // modexp's lengths, base, exponent and modulus
            mstore(input, 0x20)
            mstore(add(input, 0x20), 0x20)
            mstore(add(input, 0x40), 0x20)
            mstore(add(input, 0x60), square)
            mstore(add(input, 0x80), SQRT_EXPONENT)
            mstore(add(input, 0xa0), P)
            // Fails for want of gas only; to take that for "no root" would skip a point.
            if iszero(staticcall(gas(), 5, input, 0xc0, 0x00, 0x20)) { revert(0x00, 0x00) }
            root := mload(0x00)
        }
    }

    function _hash(address[] memory ring) private pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(ring, 0x20), shl(5, mload(ring)))
        }
    }
}
