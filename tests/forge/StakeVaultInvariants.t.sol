// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {InvariantTest, Test} from "./Vm.sol";
import {CoveyToken} from "../../contracts/token/CoveyToken.sol";
import {IStakeVault} from "../../contracts/interfaces/IStakeVault.sol";
import {StakeVault} from "../../contracts/custody/StakeVault.sol";

/// @notice Operators, delegators and engines that act at random, also at bad times. What can be judged only at the call
/// itself is counted in `violations`, by invariant.
contract VaultHandler is Test {
    address internal constant DEAD = 0x000000000000000000000000000000000000dEaD;

    /// @dev Open at once: enough to interact, few enough to judge after each call.
    uint256 internal constant MAX_CASES = 6;

    struct Case {
        address engine;
        address operator;
        uint256 id;
        uint96 locked;
        uint96 slashed;
        bytes32 claims;
    }

    StakeVault internal immutable vault;
    CoveyToken internal immutable token;
    address[2] public operators;
    address[2] public engines;
    /// @dev The operators, then pure delegators. Operators delegate to each other too.
    address[4] public accounts;

    /// @dev Locks that were neither released nor expired.
    Case[] public cases;
    mapping(address operator => uint24[]) public exitEpochs;
    uint256 public paidIn;
    uint256 public paidOut;
    mapping(string invariant => uint256) public violations;
    mapping(address operator => mapping(uint24 epoch => bool)) private _listed;
    uint256 private _caseIds;

    constructor(StakeVault vault_, CoveyToken token_, address[4] memory accounts_, address[2] memory engines_) {
        vault = vault_;
        token = token_;
        accounts = accounts_;
        operators = [accounts_[0], accounts_[1]];
        engines = engines_;
    }

    // ── Actions ────────────────────────────────────────────────────────────────────────────────────────────────────

    function stake(uint256 who, uint256 amount) external {
        uint96 wei_ = someAmount(amount);
        vm.prank(operators[who % 2]);
        vault.stake(wei_);
        paidIn += wei_;
    }

    function delegate(uint256 op, uint256 who, uint256 amount) external {
        address operator = operators[op % 2];
        uint96 wei_ = someAmount(amount);
        uint48 version = vault.approvalsVersion(operator);
        vm.prank(accounts[who % 4]);
        vault.delegate(operator, wei_, version);
        paidIn += wei_;
    }

    function requestExit(uint256 op, uint256 who, uint256 part) external {
        (address operator, address account) = (operators[op % 2], accounts[who % 4]);
        (uint112 held, uint96 tokens) = vault.positionOf(operator, account);
        if (tokens == 0) return;
        uint112 shares = part % 3 == 0 ? held : uint112(bound(part, 1, held));
        vm.prank(account);
        try vault.requestExit(operator, shares) returns (uint24 epoch, uint96) {
            if (!_listed[operator][epoch]) exitEpochs[operator].push(epoch);
            _listed[operator][epoch] = true;
        } catch (bytes memory reason) {
            bool worthless = shares != held;
            if (!worthless && bytes4(reason) != IStakeVault.BucketDiluted.selector) ++violations["I-18"];
        }
    }

    function withdraw(uint256 op, uint256 who, uint256 index) external {
        (address operator, address account) = (operators[op % 2], accounts[who % 4]);
        uint24[] storage epochs = exitEpochs[operator];
        if (epochs.length == 0) return;
        uint24 epoch = epochs[index % epochs.length];
        IStakeVault.Exit[] memory exits = vault.exitsOf(operator, account, epoch, epoch);
        bool due = exits.length == 1 && vm.getBlockTimestamp() >= exits[0].maturesAt;
        vm.prank(account);
        try vault.withdraw(operator, epoch) returns (uint96 tokens) {
            if (!due || tokens != exits[0].tokens) ++violations["I-6"];
            paidOut += tokens;
        } catch {
            if (due) ++violations["I-6"];
        }
        if (vault.exitingOf(operator, epoch) == 0 && epoch != vault.currentEpoch()) {
            epochs[index % epochs.length] = epochs[epochs.length - 1];
            epochs.pop();
            _listed[operator][epoch] = false;
        }
    }

    function lock(uint256 op, uint256 engine, uint256 amount, uint256 duration) external {
        Case memory c = Case(engines[engine % 2], operators[op % 2], ++_caseIds, 0, 0, 0);
        IStakeVault.Stake memory state = vault.stakeOf(c.operator);
        uint96 activeTokens = state.ownTokens + state.delegatedTokens;
        if (activeTokens == 0 || cases.length == MAX_CASES) return;
        c.locked = uint96(amount % 3 == 0 ? activeTokens - state.locked : bound(amount, 1, activeTokens));
        uint48 until = uint48(vm.getBlockTimestamp() + bound(duration, 1, vault.unbonding()));
        vm.prank(c.engine);
        vault.lock(c.operator, c.id, c.locked, until);
        c.claims = claimsOf(c);
        cases.push(c);

        IStakeVault.Approval memory approval = vault.approvalOf(c.operator, c.engine);
        if (vault.stakeOf(c.operator).locked > activeTokens || approval.locked > approval.ceiling) {
            ++violations["I-5"];
        }
    }

    function slash(uint256 index, uint256 amount) external {
        if (cases.length == 0) return;
        Case storage c = cases[index % cases.length];
        IStakeVault.Lock memory hold = vault.lockOf(c.engine, c.operator, c.id);
        uint96 wei_ = uint96(amount % 4 == 0 ? hold.amount : bound(amount, 1, 2 * uint256(hold.amount) + 1));
        bool allowed = wei_ != 0 && wei_ <= hold.amount && vm.getBlockTimestamp() <= hold.until;
        (uint256 burntBefore, uint256 safeBefore) = (token.balanceOf(DEAD), outOfReach(c.operator, hold.epoch));
        vm.prank(c.engine);
        try vault.slash(c.operator, c.id, wei_) {
            c.slashed += wei_;
            if (!allowed || c.slashed > c.locked) ++violations["I-7"];
        } catch {
            if (allowed) ++violations["I-7"];
            wei_ = 0;
        }
        if (token.balanceOf(DEAD) - burntBefore != wei_) ++violations["I-7"];
        if (outOfReach(c.operator, hold.epoch) != safeBefore) ++violations["I-7"];
    }

    function settleLock(uint256 index, uint256 amount) external {
        if (cases.length == 0) return;
        Case memory c = cases[index % cases.length];
        IStakeVault.Lock memory hold = vault.lockOf(c.engine, c.operator, c.id);
        uint96 wei_ = uint96(amount % 2 == 0 ? 0 : bound(amount, 0, type(uint96).max));
        uint96 due = vm.getBlockTimestamp() > hold.until ? 0 : wei_ < hold.amount ? wei_ : hold.amount;
        uint256 burntBefore = token.balanceOf(DEAD);
        vm.prank(c.engine);
        try vault.settleLock(c.operator, c.id, wei_) returns (uint96 burnt) {
            if (burnt != due || token.balanceOf(DEAD) - burntBefore != due) ++violations["I-7"];
            remove(index % cases.length);
        } catch {
            ++violations["I-17"];
        }
    }

    function expire(uint256 index) external {
        if (cases.length == 0) return;
        Case memory c = cases[index % cases.length];
        bool due = vm.getBlockTimestamp() > vault.lockOf(c.engine, c.operator, c.id).until;
        try vault.expire(c.engine, c.operator, c.id) {
            if (!due) ++violations["I-17"];
            remove(index % cases.length);
        } catch {
            if (due) ++violations["I-17"];
        }
    }

    function approveEngine(uint256 op, uint256 engine, uint256 ceiling) external {
        vm.prank(operators[op % 2]);
        vault.approveEngine(engines[engine % 2], ceiling % 2 == 0 ? type(uint96).max : someAmount(ceiling));
    }

    function activateApproval(uint256 op, uint256 engine) external {
        vault.activateApproval(operators[op % 2], engines[engine % 2]);
    }

    function pass(uint256 time) external {
        skip(time % 4 == 0 ? uint256(vault.unbonding()) : bound(time, 0, vault.epochLength()));
        nextBlock();
    }

    // ── What is observed ───────────────────────────────────────────────────────────────────────────────────────────

    function caseCount() external view returns (uint256) {
        return cases.length;
    }

    function exitEpochCount(address operator) external view returns (uint256) {
        return exitEpochs[operator].length;
    }

    /// @dev All that a task would pay delegators by, at the time of the lock.
    function claimsOf(Case memory c) public view returns (bytes32) {
        IStakeVault.Lock memory hold = vault.lockOf(c.engine, c.operator, c.id);
        uint48 before = hold.blockNumber - 1;
        return keccak256(
            abi.encode(
                hold.delegatedRatio,
                vault.sharesAt(c.operator, hold.generation, accounts[0], before),
                vault.sharesAt(c.operator, hold.generation, accounts[1], before),
                vault.sharesAt(c.operator, hold.generation, accounts[2], before),
                vault.sharesAt(c.operator, hold.generation, accounts[3], before),
                vault.delegatedSharesAt(c.operator, hold.generation, before)
            )
        );
    }

    /// @dev Exits before `epoch`, and matured ones.
    function outOfReach(address operator, uint24 epoch) private view returns (uint256 tokens) {
        uint24[] storage epochs = exitEpochs[operator];
        for (uint256 i = 0; i < epochs.length; ++i) {
            bool matured = vm.getBlockTimestamp() >= vault.maturityOf(epochs[i]);
            if (epochs[i] < epoch || matured) tokens += vault.exitingOf(operator, epochs[i]);
        }
    }

    /// @dev A few wei, or up to a thousand tokens.
    function someAmount(uint256 seed) private pure returns (uint96) {
        return uint96(bound(seed, 1, seed % 3 == 0 ? 5 : 1e21));
    }

    function remove(uint256 index) private {
        cases[index] = cases[cases.length - 1];
        cases.pop();
    }
}

contract StakeVaultInvariants is InvariantTest {
    CoveyToken private token;
    StakeVault private vault;
    VaultHandler private handler;
    address[2] private operators;
    address[4] private accounts;
    address[2] private engines;

    function setUp() public {
        vm.warp(1_750_000_000);
        vm.roll(1000);
        token = new CoveyToken(address(this), 1e27);
        vault = new StakeVault(token, 1 days);
        string[6] memory names = ["operator", "partner", "alice", "bob", "engine", "machine"];
        for (uint256 i = 0; i < 4; ++i) {
            (accounts[i],) = account(names[i]);
            token.transfer(accounts[i], 2e26);
            vm.prank(accounts[i]);
            token.approve(address(vault), type(uint256).max);
        }
        (engines[0],) = account(names[4]);
        (engines[1],) = account(names[5]);
        for (uint256 i = 0; i < 2; ++i) {
            operators[i] = accounts[i];
            vm.startPrank(accounts[i]);
            vault.authorize(accounts[i], "");
            vault.approveEngine(engines[0], type(uint96).max);
            vault.approveEngine(engines[1], 1e20);
            vm.stopPrank();
        }
        handler = new VaultHandler(vault, token, accounts, engines);
        _target(address(handler));
    }

    function active(address operator) private view returns (uint256) {
        IStakeVault.Stake memory state = vault.stakeOf(operator);
        return uint256(state.ownTokens) + state.delegatedTokens;
    }

    /// @dev Wei in buckets of `epoch` or later.
    function exiting(address operator, uint24 epoch) private view returns (uint256 tokens) {
        uint256 count = handler.exitEpochCount(operator);
        for (uint256 i = 0; i < count; ++i) {
            uint24 e = handler.exitEpochs(operator, i);
            if (e >= epoch) tokens += vault.exitingOf(operator, e);
        }
    }

    /// One campaign judges all, since campaigns of one seed walk the same histories.
    function invariant_I1_I4_I5_I6_I7_I8_I17_I18() public view {
        checkI1BalanceIsActivePlusUnbondingPlusMatured();
        checkI4ClaimsNeverExceedInflow();
        checkI5LocksAreCountedCoveredAndWithinCeilings();
        checkI8NothingAfterTheLockChangesItsClaims();
        string[5] memory ids = ["I-5", "I-6", "I-7", "I-17", "I-18"];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertEq(handler.violations(ids[i]), 0, ids[i]);
        }
    }

    function checkI1BalanceIsActivePlusUnbondingPlusMatured() private view {
        uint256 held = active(operators[0]) + active(operators[1]) + exiting(operators[0], 0) + exiting(operators[1], 0);
        vm.assertEq(token.balanceOf(address(vault)), held, "I-1");
    }

    function checkI4ClaimsNeverExceedInflow() private view {
        uint256 claims;
        for (uint256 o = 0; o < 2; ++o) {
            uint256 ofOperator;
            for (uint256 i = 0; i < 4; ++i) {
                (, uint96 tokens) = vault.positionOf(operators[o], accounts[i]);
                ofOperator += tokens;
            }
            vm.assertLe(ofOperator, active(operators[o]), "I-4");
            claims += ofOperator + exiting(operators[o], 0);
        }
        uint256 burnt = token.balanceOf(0x000000000000000000000000000000000000dEaD);
        vm.assertLe(claims, handler.paidIn() - handler.paidOut() - burnt, "I-4");
    }

    function checkI5LocksAreCountedCoveredAndWithinCeilings() private view {
        uint256 count = handler.caseCount();
        uint256[2][2] memory locked;
        uint256[2] memory live;
        for (uint256 i = 0; i < count; ++i) {
            (address engine, address operator, uint256 id,,,) = handler.cases(i);
            IStakeVault.Lock memory hold = vault.lockOf(engine, operator, id);
            uint256 o = operator == operators[0] ? 0 : 1;
            locked[o][engine == engines[0] ? 0 : 1] += hold.amount;
            if (vm.getBlockTimestamp() <= hold.until) live[o] += hold.amount;
        }
        for (uint256 o = 0; o < 2; ++o) {
            vm.assertEq(vault.stakeOf(operators[o]).locked, locked[o][0] + locked[o][1], "I-5");
            vm.assertEq(vault.approvalOf(operators[o], engines[0]).locked, locked[o][0], "I-5");
            vm.assertEq(vault.approvalOf(operators[o], engines[1]).locked, locked[o][1], "I-5");
        }
        for (uint256 i = 0; i < count; ++i) {
            (address engine, address operator, uint256 id,,,) = handler.cases(i);
            IStakeVault.Lock memory hold = vault.lockOf(engine, operator, id);
            if (vm.getBlockTimestamp() > hold.until) continue;
            vm.assertLe(live[operator == operators[0] ? 0 : 1], active(operator) + exiting(operator, hold.epoch), "I-5");
        }
    }

    function checkI8NothingAfterTheLockChangesItsClaims() private view {
        uint256 count = handler.caseCount();
        for (uint256 i = 0; i < count; ++i) {
            VaultHandler.Case memory c;
            (c.engine, c.operator, c.id, c.locked, c.slashed, c.claims) = handler.cases(i);
            vm.assertEq(handler.claimsOf(c), c.claims, "I-8");
        }
    }

    /// After any history, time and everybody's own calls empty the vault, but for fractions of wei.
    function afterInvariant() public {
        skip(vault.unbonding() + 1);
        uint256 count = handler.caseCount();
        for (uint256 i = 0; i < count; ++i) {
            (address engine, address operator, uint256 id,,,) = handler.cases(i);
            vault.expire(engine, operator, id);
        }
        uint256 dust = 0;
        for (uint256 o = 0; o < 2; ++o) {
            vm.assertEq(vault.stakeOf(operators[o]).locked, 0);
            for (uint256 i = 0; i < 4; ++i) {
                exitAll(operators[o], accounts[i]);
            }
        }
        skip(uint256(vault.unbonding()) + vault.epochLength());
        for (uint256 o = 0; o < 2; ++o) {
            dust += 4 * (handler.exitEpochCount(operators[o]) + 2);
            for (uint256 i = 0; i < 4; ++i) {
                IStakeVault.Exit[] memory exits = vault.exitsOf(operators[o], accounts[i], 1, type(uint24).max);
                for (uint256 e = 0; e < exits.length; ++e) {
                    vm.prank(accounts[i]);
                    vault.withdraw(operators[o], exits[e].epoch);
                }
            }
        }
        vm.assertLe(token.balanceOf(address(vault)), dust);
    }

    function exitAll(address operator, address account) private {
        (uint112 shares, uint96 tokens) = vault.positionOf(operator, account);
        if (tokens == 0) return;
        vm.prank(account);
        vault.requestExit(operator, shares);
    }
}
