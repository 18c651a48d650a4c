// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "./Vm.sol";
import {CoveyToken} from "../../contracts/token/CoveyToken.sol";
import {Ledger} from "../../contracts/custody/Ledger.sol";
import {StakeVault} from "../../contracts/custody/StakeVault.sol";

/// @notice A token, the two custody contracts, and named accounts with tokens to spend there.
abstract contract CustodyTest is Test {
    uint48 internal constant UNBONDING = 7 days;
    uint96 internal constant SUPPLY = 1e27;

    CoveyToken internal token;
    StakeVault internal vault;
    Ledger internal ledger;

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        vm.roll(1000);
        token = new CoveyToken(address(this), SUPPLY);
        vault = new StakeVault(token, UNBONDING);
        ledger = new Ledger(token);
    }

    /// @dev A named account with a million tokens that both contracts may take.
    function rich(string memory name) internal returns (address who) {
        (who,) = account(name);
        token.transfer(who, 1e24);
        vm.startPrank(who);
        token.approve(address(vault), type(uint256).max);
        token.approve(address(ledger), type(uint256).max);
        vm.stopPrank();
    }

    /// @dev A named operator with `amount` at stake that is its own hot key and lets `engine` lock everything.
    function operatorWith(string memory name, uint96 amount, address engine) internal returns (address operator) {
        operator = rich(name);
        vm.startPrank(operator);
        vault.authorize(operator, "");
        vault.approveEngine(engine, type(uint96).max);
        if (amount != 0) vault.stake(amount);
        vm.stopPrank();
    }

    function delegateTo(address operator, address delegator, uint96 amount) internal returns (uint112) {
        uint48 version = vault.approvalsVersion(operator);
        vm.prank(delegator);
        return vault.delegate(operator, amount, version);
    }

    function exit(address operator, address who, uint112 shares) internal returns (uint24 epoch, uint96 tokens) {
        vm.prank(who);
        return vault.requestExit(operator, shares);
    }

    function exitAll(address operator, address who) internal returns (uint24 epoch, uint96 tokens) {
        (uint112 shares,) = vault.positionOf(operator, who);
        return exit(operator, who, shares);
    }

    function lockFor(address engine, address operator, uint256 caseId, uint96 amount) internal {
        uint48 until = uint48(vm.getBlockTimestamp()) + UNBONDING;
        address hotKey = vault.hotKeyOf(operator);
        vm.prank(engine);
        vault.lock(hotKey, caseId, amount, until);
    }

    function slashFor(address engine, address operator, uint256 caseId, uint96 amount) internal {
        vm.prank(engine);
        vault.slash(operator, caseId, amount);
    }

    function active(address operator) internal view returns (uint96) {
        return vault.stakeOf(operator).ownTokens + vault.stakeOf(operator).delegatedTokens;
    }

    function worth(address operator, address who) internal view returns (uint96 tokens) {
        (, tokens) = vault.positionOf(operator, who);
    }

    function signPermit(string memory owner, address spender, uint256 amount, uint256 deadline)
        internal
        view
        returns (uint8 v, bytes32 r, bytes32 s)
    {
        (address who, uint256 key) = account(owner);
        bytes32 typehash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 message = keccak256(abi.encode(typehash, who, spender, amount, token.nonces(who), deadline));
        return vm.sign(key, keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), message)));
    }

    function signHotKey(string memory hotKey, address operator) internal view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Covey StakeVault"),
                keccak256("1"),
                block.chainid,
                address(vault)
            )
        );
        bytes32 message = keccak256(abi.encode(keccak256("HotKey(address operator)"), operator));
        (, uint256 key) = account(hotKey);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, message)));
        return abi.encodePacked(r, s, v);
    }
}
