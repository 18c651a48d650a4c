// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICustody} from "./ICustody.sol";

/// @title StakeVault: own and delegated stake, locks and slashes
/// @notice An operator and its delegators hold shares of the operator's pool. Engines that the operator approved lock
/// part of the pool per case, and may burn up to the lock. Exits wait in one bucket per epoch, where locks older than
/// the exit still reach them.
/// @dev An epoch is ceil(unbonding / 15) seconds, so at most 16 buckets are unmatured. The first epoch is 1.
/// @custom:invariant I-1 accounted balance = sum of active + unbonding + matured stake
/// @custom:invariant I-5 at locking, sum of locks <= active stake, and per engine <= its ceiling
/// @custom:invariant I-6 only matured, unlocked stake leaves; matured stake can always leave
/// @custom:invariant I-7 a slash never exceeds its lock; its cost does not grow with delegators or exits
/// @custom:invariant I-8 stake or delegation after the lock weighs and earns nothing in its case
/// @custom:invariant I-17 time and permissionless calls free every lock
/// @custom:invariant I-18 no party can block `requestExit`, `withdraw` or `expire`
interface IStakeVault is ICustody {
    /// @notice One engine's hold on an operator's stake for one case. All zero when there is none; when time and `expire`
    /// freed it, amount and `until` are zero and the rest still tells what its delegators are paid by.
    /// @param amount wei still locked; slashes lower it
    /// @param until last second at which the engine may slash
    /// @param blockNumber block of the lock; delegators are paid by their shares in the block before it
    /// @param generation generation of the pool's shares at the lock
    /// @param epoch epoch of the lock; exits requested in it or later are still slashable
    /// @param delegatedRatio floor(65535 * d / shares) at the lock, d the delegated shares then or in the block before,
    /// whichever are fewer
    struct Lock {
        uint96 amount;
        uint48 until;
        uint48 blockNumber;
        uint24 generation;
        uint24 epoch;
        uint16 delegatedRatio;
    }

    /// @notice What an operator has at stake.
    /// @param ownTokens active wei of the operator, rounded down
    /// @param delegatedTokens active wei of the delegators: the rest
    /// @param locked wei under locks of all engines
    /// @param ownShares shares of the operator in the present generation
    /// @param delegatedShares shares of the delegators in the present generation
    /// @param generation counts how often the pool was slashed to zero; shares of earlier generations are worthless
    /// @param hotKey key that acts for the operator, zero when none was authorized
    /// @param approvalsVersion changes of engine approvals so far
    struct Stake {
        uint96 ownTokens;
        uint96 delegatedTokens;
        uint96 locked;
        uint112 ownShares;
        uint112 delegatedShares;
        uint24 generation;
        address hotKey;
        uint48 approvalsVersion;
    }

    /// @notice What an engine may do with an operator's stake.
    /// @param ceiling wei the engine may have locked at once
    /// @param locked wei the engine has locked
    /// @param pendingCeiling raised ceiling that awaits its time, zero when none does
    /// @param activatesAt second from which `activateApproval` works, zero when nothing is pending
    struct Approval {
        uint96 ceiling;
        uint96 locked;
        uint48 activatesAt;
        uint96 pendingCeiling;
    }

    /// @notice Part of a bucket that one account asked out.
    /// @param epoch epoch of the request, the argument of `withdraw`
    /// @param maturesAt second from which it can be withdrawn
    /// @param tokens wei it is worth now, rounded down
    struct Exit {
        uint24 epoch;
        uint48 maturesAt;
        uint96 tokens;
    }

    /// @notice The unbonding time is out of [`min`, `max`] seconds.
    error InvalidUnbonding(uint256 unbonding, uint256 min, uint256 max);
    /// @notice `hotKey` is bound to `operator` for ever.
    error HotKeyTaken(address hotKey, address operator);
    /// @notice The hot key did not sign for this operator.
    error InvalidHotKeySignature(address hotKey, address recovered);
    /// @notice `hotKey` is not the present hot key of any operator.
    error NotHotKey(address hotKey);
    /// @notice The operator's approvals changed: read them again.
    error ApprovalsChanged(address operator, uint48 version, uint48 expected);
    /// @notice Nothing is pending, or not before `activatesAt`.
    error ApprovalNotPending(address operator, address engine, uint48 activatesAt);
    /// @notice Own stake goes in by `stake`.
    error SelfDelegation();
    /// @notice The pool was slashed so far that this amount has too many shares; use another operator.
    error PoolDiluted(address operator, uint256 shares);
    /// @notice This epoch's bucket was slashed so far that this amount has too many shares; ask again next epoch.
    error BucketDiluted(address operator, uint24 epoch, uint256 shares);
    /// @notice The pool was slashed to zero 2^24 - 1 times and takes no more stake; use another operator.
    error PoolRetired(address operator);
    /// @notice The account has `shares` in the present generation.
    error InsufficientShares(address operator, address account, uint112 shares, uint112 asked);
    /// @notice The exit can be withdrawn from `maturesAt` on.
    error ExitNotMature(uint24 epoch, uint48 maturesAt);
    /// @notice The account has nothing of worth there: not asked out, withdrawn already, or slashed.
    error NothingToWithdraw(address operator, uint24 epoch, address account);
    /// @notice `until` is out of [`min`, `max`].
    error InvalidExpiry(uint48 until, uint256 min, uint256 max);
    /// @notice The operator lets the engine lock up to `ceiling`, and it has `locked` already.
    error CeilingExceeded(address operator, address engine, uint96 ceiling, uint96 locked, uint96 asked);
    /// @notice The pool has `active` wei, of which `locked` are locked already.
    error InsufficientActiveStake(address operator, uint96 active, uint96 locked, uint96 asked);
    /// @notice The engine has a lock on this operator for this case already.
    error LockExists(address engine, address operator, uint256 caseId);
    /// @notice There is no such lock (never taken, released or expired).
    error LockUnknown(address engine, address operator, uint256 caseId);
    /// @notice The lock ran out at `until`: it can be freed, not slashed.
    error LockExpired(uint48 until);
    /// @notice The lock holds until the end of second `until`.
    error LockNotExpired(uint48 until);
    /// @notice The lock holds only `locked` of the `asked` amount.
    error SlashExceedsLock(uint96 locked, uint96 asked);

    /// @notice `hotKey` acts for `operator` from now on, alone.
    event HotKeyAuthorized(address indexed operator, address indexed hotKey);
    /// @notice `engine` may lock up to `ceiling` from `activatesAt` on, zero meaning at once.
    event EngineApproved(
        address indexed operator, address indexed engine, uint96 ceiling, uint48 activatesAt, uint48 version
    );
    /// @notice A pending ceiling became effective.
    event ApprovalActivated(address indexed operator, address indexed engine, uint96 ceiling);
    /// @notice `account` put `amount` into the pool of `operator` for `shares`.
    event Staked(address indexed operator, address indexed account, uint96 amount, uint112 shares, uint24 generation);
    /// @notice `account` asked `shares` out, worth `amount`, with the bucket of `epoch`.
    event ExitRequested(
        address indexed operator, address indexed account, uint24 indexed epoch, uint112 shares, uint96 amount
    );
    /// @notice `account` took `amount` out of the bucket of `epoch`.
    event Withdrawn(address indexed operator, address indexed account, uint24 indexed epoch, uint96 amount);
    /// @notice `engine` holds `amount` of the stake of `operator` for a case.
    event Locked(address indexed engine, address indexed operator, uint256 indexed caseId, uint96 amount, uint48 until);
    /// @notice The remaining `amount` of a lock is free again.
    event Released(address indexed engine, address indexed operator, uint256 indexed caseId, uint96 amount);
    /// @notice `amount` was burnt: `fromActive` of the pool, the rest of unmatured exits.
    event Slashed(
        address indexed engine, address indexed operator, uint256 indexed caseId, uint96 amount, uint96 fromActive
    );
    /// @notice A slash emptied the pool: all shares of `generation` are worthless.
    event PoolEmptied(address indexed operator, uint24 generation);
    /// @notice A slash emptied a bucket: everything asked out with it so far is gone.
    event BucketEmptied(address indexed operator, uint24 indexed epoch);

    // ── Operators ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Makes `hotKey` the caller's only hot key. The binding to the caller lasts for ever, even when another
    /// key takes over.
    /// @param signature EIP-712 signature of `HotKey(address operator)` by the hot key in this contract's domain
    /// ("Covey StakeVault", "1"); may be empty when the key is the caller itself or bound to it already
    function authorize(address hotKey, bytes calldata signature) external;

    /// @notice Lets `engine` lock up to `ceiling` wei of the caller's pool. Lowering works at once (locks stay);
    /// raising too while nobody delegates to the caller and nobody left its pool in this epoch, else after the
    /// unbonding time, by `activateApproval`. Replaces what was pending.
    function approveEngine(address engine, uint96 ceiling) external;

    /// @notice Makes a pending ceiling effective. Anyone may call.
    function activateApproval(address operator, address engine) external;

    // ── Stake ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Adds `amount` of the caller's tokens to its own pool.
    /// @return shares minted, rounded down
    function stake(uint96 amount) external returns (uint112 shares);

    /// @notice As `stake`, with an ERC-2612 permit. A permit that somebody used first does no harm.
    function stakeWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint112 shares);

    /// @notice Adds `amount` of the caller's tokens to the pool of `operator`.
    /// @param expectedVersion `approvalsVersion` of the operator that the caller has read and agrees to
    /// @return shares minted, rounded down
    function delegate(address operator, uint96 amount, uint48 expectedVersion) external returns (uint112 shares);

    /// @notice Moves the caller's `shares` of the pool to the present epoch's bucket. Locks don't prevent it.
    /// @return epoch argument for `withdraw`
    /// @return tokens wei the shares are worth now, rounded down; later slashes may lower it
    function requestExit(address operator, uint112 shares) external returns (uint24 epoch, uint96 tokens);

    /// @notice Sends the caller all that it asked out in `epoch`, once matured.
    /// @return tokens wei sent, rounded down
    function withdraw(address operator, uint24 epoch) external returns (uint96 tokens);

    // ── Engines ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Engine (caller): locks `amount` of the stake of the operator for whom `hotKey` acts.
    /// @param until last second of the lock, at most the unbonding time from now
    function lock(address hotKey, uint256 caseId, uint96 amount, uint48 until) external returns (address operator);

    /// @notice Engine (caller): frees its lock. Does nothing when time and `expire` freed it already.
    function release(address operator, uint256 caseId) external;

    /// @notice Engine (caller): burns `amount` of its lock, which shrinks by it. Reverts after `until`.
    function slash(address operator, uint256 caseId, uint96 amount) external;

    /// @notice Engine (caller): slashes up to `slashAmount`, then frees the rest. After `until` only frees, and does
    /// nothing when `expire` freed it already: a late engine is never stuck.
    /// @return burnt wei slashed: min(slashAmount, lock), or zero after `until`
    function settleLock(address operator, uint256 caseId, uint96 slashAmount) external returns (uint96 burnt);

    /// @notice Frees a lock whose time ran out. Anyone may call.
    function expire(address engine, address operator, uint256 caseId) external;

    // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Seconds from an exit's request (at least) to its maturity; longest life of a lock.
    function unbonding() external view returns (uint48);

    /// @notice Seconds of an epoch.
    function epochLength() external view returns (uint48);

    /// @notice The present epoch.
    function currentEpoch() external view returns (uint24);

    /// @notice Second from which exits requested in `epoch` can be withdrawn.
    function maturityOf(uint24 epoch) external view returns (uint48);

    /// @notice Operator to which `hotKey` was ever bound, zero when to none.
    function operatorOf(address hotKey) external view returns (address);

    /// @notice Present hot key of `operator`, zero when none.
    function hotKeyOf(address operator) external view returns (address);

    /// @notice Number of `approveEngine` calls of `operator`.
    function approvalsVersion(address operator) external view returns (uint48);

    /// @notice What `engine` may do with the stake of `operator`.
    function approvalOf(address operator, address engine) external view returns (Approval memory);

    /// @notice The lock of `engine` on `operator` for `caseId`.
    function lockOf(address engine, address operator, uint256 caseId) external view returns (Lock memory);

    /// @notice What `operator` has at stake.
    function stakeOf(address operator) external view returns (Stake memory);

    /// @notice Active shares of `account` (operator or delegator) and their worth in wei, rounded down.
    function positionOf(address operator, address account) external view returns (uint112 shares, uint96 tokens);

    /// @notice What `account` asked out and did not withdraw, in epochs `first` to `last` (at most the present
    /// one), oldest first. What slashes took whole is not listed.
    function exitsOf(address operator, address account, uint24 first, uint24 last) external view returns (Exit[] memory);

    /// @notice All that is asked out of the pool of `operator` in `epoch` and not withdrawn, in wei.
    function exitingOf(address operator, uint24 epoch) external view returns (uint96);

    /// @notice Shares that `delegator` had at the end of `blockNumber`.
    function sharesAt(address operator, uint24 generation, address delegator, uint48 blockNumber)
        external
        view
        returns (uint112);

    /// @notice Shares that all delegators had at the end of `blockNumber`.
    function delegatedSharesAt(address operator, uint24 generation, uint48 blockNumber) external view returns (uint112);
}
