// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Test} from "./Vm.sol";
import {CallbackToken, FalseToken, FeeToken, ITokenParty, NoReturnToken} from "./WeirdTokens.sol";
import {ICustody} from "../../contracts/interfaces/ICustody.sol";
import {ILedger} from "../../contracts/interfaces/ILedger.sol";
import {Ledger} from "../../contracts/custody/Ledger.sol";
import {StakeVault} from "../../contracts/custody/StakeVault.sol";

/// @notice What custody does with tokens that are not plain ERC-20.
contract CustodyTokensTest is Test, ITokenParty {
    Ledger private ledger;
    StakeVault private vault;
    bool private onReceipt;
    address private reentryTarget;
    bytes private reentry;
    bool private reentered;

    function custodyOf(IERC20 token) private {
        ledger = new Ledger(token);
        vault = new StakeVault(token, 1 days);
        token.approve(address(ledger), type(uint256).max);
        token.approve(address(vault), type(uint256).max);
    }

    function test_feeOnTransferIsRejected() public {
        custodyOf(new FeeToken(address(this)));
        vm.expectRevert(abi.encodeWithSelector(ICustody.InexactTransfer.selector, 100, 99));
        ledger.deposit(100);
        vm.expectRevert(abi.encodeWithSelector(ICustody.InexactTransfer.selector, 100, 99));
        vault.stake(100);
    }

    function test_failureWithoutRevertIsRejected() public {
        FalseToken token = new FalseToken();
        custodyOf(token);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        ledger.deposit(100);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        vault.stake(100);
    }

    function test_tokenWithoutReturnValuesAndPermitWorks() public {
        NoReturnToken token = new NoReturnToken(address(this));
        ledger = new Ledger(IERC20(address(token)));
        vault = new StakeVault(IERC20(address(token)), 1 days);
        token.approve(address(ledger), type(uint256).max);
        token.approve(address(vault), type(uint256).max);

        ledger.depositWithPermit(100, 0, 0, 0, 0);
        vm.assertEq(ledger.claim(), 100);
        vault.stakeWithPermit(100, 0, 0, 0, 0);
        vault.requestExit(address(this), 100);
        skip(2 days);
        vm.assertEq(vault.withdraw(address(this), 1), 100);
        vm.assertEq(token.balanceOf(address(this)), 1e27);
    }

    function test_attack_reentrantClaimsFindTheBooksRight() public {
        CallbackToken token = new CallbackToken(address(this));
        custodyOf(token);
        ledger.deposit(100);
        reenterOnReceipt(address(ledger), abi.encodeWithSignature("claim(uint96)", 60));
        ledger.claim(60);
        vm.assertFalse(reentered);
        vm.assertEq(ledger.creditOf(address(this)), 40);
        vm.assertEq(token.balanceOf(address(ledger)), 40);
        reenterOnReceipt(address(ledger), abi.encodeWithSignature("claim(uint96)", 15));
        ledger.claim(25);
        vm.assertTrue(reentered);
        vm.assertEq(token.balanceOf(address(ledger)), 0);
    }

    function test_attack_reentrantWithdrawalsFindTheBooksRight() public {
        CallbackToken token = new CallbackToken(address(this));
        custodyOf(token);
        vault.stake(100);
        vault.requestExit(address(this), 60);
        skip(2 days);
        reenterOnReceipt(address(vault), abi.encodeCall(StakeVault.withdraw, (address(this), 1)));
        vault.withdraw(address(this), 1);
        vm.assertFalse(reentered);
        vm.assertEq(token.balanceOf(address(vault)), 40);
    }

    function test_attack_depositsInsideADepositAreNotCountedTwice() public {
        custodyOf(new CallbackToken(address(this)));
        reenterOnSending(address(ledger), abi.encodeCall(ILedger.deposit, (50)));
        vm.expectRevert(abi.encodeWithSelector(ICustody.InexactTransfer.selector, 100, 150));
        ledger.deposit(100);
    }

    function test_attack_claimInsideADepositIsNotPaidByOthers() public {
        CallbackToken token = new CallbackToken(address(this));
        custodyOf(token);
        ledger.depositFor(address(1), 100);
        reenterOnSending(address(ledger), abi.encodeWithSignature("claim(uint96)", 30));
        vm.expectRevert(abi.encodeWithSelector(ICustody.InexactTransfer.selector, 100, 70));
        ledger.deposit(100);
        vm.assertEq(token.balanceOf(address(ledger)), 100);
    }

    // ── Callbacks ──────────────────────────────────────────────────────────────────────────────────────────────────

    function reenterOnReceipt(address target, bytes memory data) private {
        (onReceipt, reentryTarget, reentry, reentered) = (true, target, data, false);
    }

    function reenterOnSending(address target, bytes memory data) private {
        (onReceipt, reentryTarget, reentry, reentered) = (false, target, data, false);
    }

    function tokensSent() external {
        if (!onReceipt) reenter();
    }

    function tokensReceived() external {
        if (onReceipt) reenter();
    }

    /// @dev Once, whether it works or not.
    function reenter() private {
        bytes memory data = reentry;
        if (data.length == 0) return;
        delete reentry;
        (reentered,) = reentryTarget.call(data);
    }
}
