// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IStakeVault} from "../interfaces/IStakeVault.sol";

/// @title Keys that act for operators, so that staking keys stay cold
abstract contract HotKeys is IStakeVault, EIP712("Covey StakeVault", "1") {
    bytes32 private constant HOT_KEY_TYPEHASH = keccak256("HotKey(address operator)");

    /// @inheritdoc IStakeVault
    mapping(address hotKey => address) public operatorOf;
    /// @inheritdoc IStakeVault
    mapping(address operator => address) public hotKeyOf;

    /// @inheritdoc IStakeVault
    function authorize(address hotKey, bytes calldata signature) external {
        address bound = operatorOf[hotKey];
        if (bound == address(0)) {
            if (hotKey != msg.sender) _requireConsent(hotKey, signature);
            operatorOf[hotKey] = msg.sender;
        } else {
            require(bound == msg.sender, HotKeyTaken(hotKey, bound));
        }
        hotKeyOf[msg.sender] = hotKey;
        emit HotKeyAuthorized(msg.sender, hotKey);
    }

    /// @dev Operator for whom `hotKey` acts now.
    function _operatorActedForBy(address hotKey) internal view returns (address operator) {
        operator = operatorOf[hotKey];
        require(operator != address(0) && hotKeyOf[operator] == hotKey, NotHotKey(hotKey));
    }

    /// @dev Without consent anyone could take a key of somebody else for ever.
    function _requireConsent(address hotKey, bytes calldata signature) private view {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(HOT_KEY_TYPEHASH, msg.sender)));
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, signature);
        require(failure == ECDSA.RecoverError.NoError && signer == hotKey, InvalidHotKeySignature(hotKey, signer));
    }
}
