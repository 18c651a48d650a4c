// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IStakeVault} from "../interfaces/IStakeVault.sol";
import {Shares} from "../libraries/Shares.sol";
import {HotKeys} from "./HotKeys.sol";
import {TokenCustody} from "./TokenCustody.sol";

/// @title StakeVault: own and delegated stake, locks and slashes
/// @dev Why a lock is always covered: at locking, active stake >= sum of locks. After it, tokens leave the active pool
/// only into buckets of the lock's epoch or later, which mature after the lock's `until` (until <= lock time + unbonding
/// < maturity). Each slash takes as much from the sum of locks as from what covers them. So the active pool and those
/// buckets hold at least the sum of open locks, and a slash within its lock finds its tokens.
contract StakeVault is HotKeys, TokenCustody {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;

    /// @dev One slot, and all that own staking writes. The operator's own shares are `shares` less delegated ones.
    struct Pool {
        uint96 active;
        uint112 shares;
        uint24 generation;
        uint24 lastExitEpoch;
    }

    /// @dev One slot: what the operator owes to others.
    struct Obligations {
        uint112 delegatedShares;
        uint96 locked;
        uint48 approvalsVersion;
    }

    /// @dev Delegated shares of one generation of a pool, by block.
    struct Delegation {
        Checkpoints.Trace208 total;
        mapping(address delegator => Checkpoints.Trace208) byDelegator;
    }

    /// @dev One slot: exits requested in one epoch. The operator's own shares are `shares` less delegated ones.
    struct Bucket {
        uint96 tokens;
        uint112 shares;
        uint48 generation;
    }

    /// @dev Delegated shares of one generation of a bucket.
    struct DelegatedExits {
        uint112 total;
        mapping(address delegator => uint112) byDelegator;
    }

    /// @dev Unmatured buckets are the present epoch's and those of at most this many epochs before.
    uint256 private constant EPOCHS_PER_UNBONDING = 15;
    /// @dev Epochs of a minute, numbered in 24 bits, last 31 years.
    uint256 private constant MIN_UNBONDING = 15 minutes;
    uint256 private constant MAX_UNBONDING = 365 days;

    /// @inheritdoc IStakeVault
    uint48 public immutable unbonding;
    /// @inheritdoc IStakeVault
    uint48 public immutable epochLength;
    uint48 private immutable _genesis;

    mapping(address operator => Pool) private _pools;
    mapping(address operator => Obligations) private _obligations;
    mapping(address operator => mapping(uint24 generation => Delegation)) private _delegations;
    mapping(address operator => mapping(uint24 epoch => Bucket)) private _buckets;
    mapping(address operator => mapping(uint24 epoch => mapping(uint48 generation => DelegatedExits))) private
        _delegatedExits;
    mapping(address operator => mapping(address engine => Approval)) private _approvals;
    mapping(address engine => mapping(address operator => mapping(uint256 caseId => Lock))) private _locks;

    /// @param unbonding_ seconds, at least as long as the longest task of any engine
    constructor(IERC20 token_, uint48 unbonding_) TokenCustody(token_) {
        require(
            unbonding_ >= MIN_UNBONDING && unbonding_ <= MAX_UNBONDING,
            InvalidUnbonding(unbonding_, MIN_UNBONDING, MAX_UNBONDING)
        );
        unbonding = unbonding_;
        epochLength = uint48((unbonding_ + EPOCHS_PER_UNBONDING - 1) / EPOCHS_PER_UNBONDING);
        _genesis = uint48(block.timestamp);
    }

    // ── Operators ──────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IStakeVault
    function approveEngine(address engine, uint96 ceiling) external {
        Approval storage approval = _approvals[msg.sender][engine];
        uint48 version = ++_obligations[msg.sender].approvalsVersion;
        uint48 activatesAt = 0;
        if (ceiling <= approval.ceiling || _nobodyElseAtRisk(msg.sender)) {
            approval.ceiling = ceiling;
            approval.pendingCeiling = 0;
        } else {
            activatesAt = uint48(block.timestamp) + unbonding;
            approval.pendingCeiling = ceiling;
        }
        approval.activatesAt = activatesAt;
        emit EngineApproved(msg.sender, engine, ceiling, activatesAt, version);
    }

    /// @inheritdoc IStakeVault
    function activateApproval(address operator, address engine) external {
        Approval storage approval = _approvals[operator][engine];
        uint48 activatesAt = approval.activatesAt;
        require(activatesAt != 0 && block.timestamp >= activatesAt, ApprovalNotPending(operator, engine, activatesAt));
        uint96 ceiling = approval.pendingCeiling;
        approval.ceiling = ceiling;
        approval.pendingCeiling = 0;
        approval.activatesAt = 0;
        emit ApprovalActivated(operator, engine, ceiling);
    }

    // ── Stake ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IStakeVault
    function stake(uint96 amount) external returns (uint112 shares) {
        return _stake(amount);
    }

    /// @inheritdoc IStakeVault
    function stakeWithPermit(uint96 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
        returns (uint112 shares)
    {
        _tryPermit(amount, deadline, v, r, s);
        return _stake(amount);
    }

    /// @inheritdoc IStakeVault
    function delegate(address operator, uint96 amount, uint48 expectedVersion) external returns (uint112 shares) {
        require(operator != msg.sender, SelfDelegation());
        Obligations storage obligations = _obligations[operator];
        uint48 version = obligations.approvalsVersion;
        require(version == expectedVersion, ApprovalsChanged(operator, version, expectedVersion));

        uint24 generation;
        (shares, generation) = _enterPool(operator, amount);
        uint112 held = _delegatedTo(operator, generation, msg.sender);
        _setDelegation(operator, generation, held + shares, obligations.delegatedShares + shares);
        _pull(amount);
    }

    /// @inheritdoc IStakeVault
    function requestExit(address operator, uint112 shares) external returns (uint24 epoch, uint96 tokens) {
        Pool memory pool = _pools[operator];
        uint112 delegated = _obligations[operator].delegatedShares;
        bool own = msg.sender == operator;
        uint112 held = own ? pool.shares - delegated : _delegatedTo(operator, pool.generation, msg.sender);
        require(shares <= held, InsufficientShares(operator, msg.sender, held, shares));
        tokens = uint96(Shares.toTokensDown(shares, pool.active, pool.shares));
        require(tokens != 0, ZeroAmount());

        epoch = currentEpoch();
        pool.active -= tokens;
        pool.shares -= shares;
        pool.lastExitEpoch = epoch;
        _pools[operator] = pool;
        if (!own) _setDelegation(operator, pool.generation, held - shares, delegated - shares);
        _enterBucket(operator, epoch, tokens, own);
        emit ExitRequested(operator, msg.sender, epoch, shares, tokens);
    }

    /// @inheritdoc IStakeVault
    function withdraw(address operator, uint24 epoch) external returns (uint96 tokens) {
        uint48 maturesAt = maturityOf(epoch);
        require(block.timestamp >= maturesAt, ExitNotMature(epoch, maturesAt));
        Bucket memory bucket = _buckets[operator][epoch];
        DelegatedExits storage delegated = _delegatedExits[operator][epoch][bucket.generation];
        uint112 shares = _exitShares(bucket, delegated, operator, msg.sender);
        tokens = uint96(Shares.toTokensDown(shares, bucket.tokens, bucket.shares));
        require(tokens != 0, NothingToWithdraw(operator, epoch, msg.sender));

        bucket.tokens -= tokens;
        bucket.shares -= shares;
        _buckets[operator][epoch] = bucket;
        if (msg.sender != operator) {
            delegated.byDelegator[msg.sender] = 0;
            delegated.total -= shares;
        }
        emit Withdrawn(operator, msg.sender, epoch, tokens);
        _push(msg.sender, tokens);
    }

    // ── Engines ────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IStakeVault
    function lock(address hotKey, uint256 caseId, uint96 amount, uint48 until) external returns (address operator) {
        operator = _operatorActedForBy(hotKey);
        require(amount != 0, ZeroAmount());
        uint256 latest = block.timestamp + unbonding;
        require(until > block.timestamp && until <= latest, InvalidExpiry(until, block.timestamp + 1, latest));
        require(_locks[msg.sender][operator][caseId].until == 0, LockExists(msg.sender, operator, caseId));
        Pool memory pool = _pools[operator];
        uint112 delegatedShares = _encumber(operator, pool.active, amount);
        _locks[msg.sender][operator][caseId] = Lock({
            amount: amount,
            until: until,
            blockNumber: uint48(block.number),
            generation: pool.generation,
            epoch: currentEpoch(),
            delegatedRatio: _delegatedRatioDown(operator, pool, delegatedShares)
        });
        emit Locked(msg.sender, operator, caseId, amount, until);
    }

    /// @inheritdoc IStakeVault
    function release(address operator, uint256 caseId) external {
        settleLock(operator, caseId, 0);
    }

    /// @inheritdoc IStakeVault
    function slash(address operator, uint256 caseId, uint96 amount) external {
        Lock memory hold = _locks[msg.sender][operator][caseId];
        require(amount != 0, ZeroAmount());
        require(hold.until != 0, LockUnknown(msg.sender, operator, caseId));
        require(block.timestamp <= hold.until, LockExpired(hold.until));
        require(amount <= hold.amount, SlashExceedsLock(hold.amount, amount));
        _locks[msg.sender][operator][caseId].amount = hold.amount - amount;
        _disencumber(msg.sender, operator, amount);
        _burnStake(operator, caseId, hold.epoch, amount);
    }

    /// @inheritdoc IStakeVault
    function settleLock(address operator, uint256 caseId, uint96 slashAmount) public returns (uint96 burnt) {
        Lock memory hold = _locks[msg.sender][operator][caseId];
        if (hold.until == 0) return 0;
        if (block.timestamp <= hold.until) burnt = slashAmount < hold.amount ? slashAmount : hold.amount;
        delete _locks[msg.sender][operator][caseId];
        _free(msg.sender, operator, caseId, hold.amount, burnt);
        if (burnt != 0) _burnStake(operator, caseId, hold.epoch, burnt);
    }

    /// @inheritdoc IStakeVault
    function expire(address engine, address operator, uint256 caseId) external {
        Lock memory hold = _locks[engine][operator][caseId];
        require(hold.until != 0, LockUnknown(engine, operator, caseId));
        require(block.timestamp > hold.until, LockNotExpired(hold.until));
        _locks[engine][operator][caseId].amount = 0;
        _locks[engine][operator][caseId].until = 0;
        _free(engine, operator, caseId, hold.amount, 0);
    }

    // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IStakeVault
    function currentEpoch() public view returns (uint24) {
        return (1 + (block.timestamp - _genesis) / epochLength).toUint24();
    }

    /// @inheritdoc IStakeVault
    function maturityOf(uint24 epoch) public view returns (uint48) {
        return _genesis + uint48(epoch) * epochLength + unbonding;
    }

    /// @inheritdoc IStakeVault
    function approvalsVersion(address operator) external view returns (uint48) {
        return _obligations[operator].approvalsVersion;
    }

    /// @inheritdoc IStakeVault
    function approvalOf(address operator, address engine) external view returns (Approval memory) {
        return _approvals[operator][engine];
    }

    /// @inheritdoc IStakeVault
    function lockOf(address engine, address operator, uint256 caseId) external view returns (Lock memory) {
        return _locks[engine][operator][caseId];
    }

    /// @inheritdoc IStakeVault
    function stakeOf(address operator) external view returns (Stake memory) {
        Pool memory pool = _pools[operator];
        Obligations memory obligations = _obligations[operator];
        uint112 ownShares = pool.shares - obligations.delegatedShares;
        uint96 ownTokens = uint96(Shares.toTokensDown(ownShares, pool.active, pool.shares));
        return Stake({
            ownTokens: ownTokens,
            delegatedTokens: pool.active - ownTokens,
            locked: obligations.locked,
            ownShares: ownShares,
            delegatedShares: obligations.delegatedShares,
            generation: pool.generation,
            hotKey: hotKeyOf[operator],
            approvalsVersion: obligations.approvalsVersion
        });
    }

    /// @inheritdoc IStakeVault
    function positionOf(address operator, address account) external view returns (uint112 shares, uint96 tokens) {
        Pool memory pool = _pools[operator];
        shares = account == operator
            ? pool.shares - _obligations[operator].delegatedShares
            : _delegatedTo(operator, pool.generation, account);
        tokens = uint96(Shares.toTokensDown(shares, pool.active, pool.shares));
    }

    /// @inheritdoc IStakeVault
    function exitsOf(address operator, address account, uint24 first, uint24 last)
        external
        view
        returns (Exit[] memory exits)
    {
        if (last > currentEpoch()) last = currentEpoch();
        uint256 count = 0;
        for (uint24 epoch = first; epoch <= last; ++epoch) {
            if (_exitWorth(operator, account, epoch) != 0) ++count;
        }
        exits = new Exit[](count);
        for (uint24 epoch = last; count != 0; --epoch) {
            uint96 tokens = _exitWorth(operator, account, epoch);
            if (tokens != 0) exits[--count] = Exit({epoch: epoch, maturesAt: maturityOf(epoch), tokens: tokens});
        }
    }

    /// @inheritdoc IStakeVault
    function exitingOf(address operator, uint24 epoch) external view returns (uint96) {
        return _buckets[operator][epoch].tokens;
    }

    /// @inheritdoc IStakeVault
    function sharesAt(address operator, uint24 generation, address delegator, uint48 blockNumber)
        external
        view
        returns (uint112)
    {
        return uint112(_delegations[operator][generation].byDelegator[delegator].upperLookupRecent(blockNumber));
    }

    /// @inheritdoc IStakeVault
    function delegatedSharesAt(address operator, uint24 generation, uint48 blockNumber) public view returns (uint112) {
        return uint112(_delegations[operator][generation].total.upperLookupRecent(blockNumber));
    }

    // ── Pool ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function _stake(uint96 amount) private returns (uint112 shares) {
        (shares,) = _enterPool(msg.sender, amount);
        _pull(amount);
    }

    /// @dev Mints shares of the pool of `operator` to the caller, who still has to pay.
    function _enterPool(address operator, uint96 amount) private returns (uint112 minted, uint24 generation) {
        require(amount != 0, ZeroAmount());
        Pool memory pool = _pools[operator];
        generation = pool.generation;
        // The last generation stays empty, so that it can't be slashed to zero and the count never overflows.
        require(generation != type(uint24).max, PoolRetired(operator));
        uint256 added = Shares.toSharesDown(amount, pool.active, pool.shares);
        uint256 shares = pool.shares + added;
        require(shares <= type(uint112).max, PoolDiluted(operator, shares));

        minted = uint112(added);
        pool.active += amount;
        pool.shares = uint112(shares);
        _pools[operator] = pool;
        emit Staked(operator, msg.sender, amount, minted, generation);
    }

    function _delegatedTo(address operator, uint24 generation, address delegator) private view returns (uint112) {
        return uint112(_delegations[operator][generation].byDelegator[delegator].latest());
    }

    /// @dev Writes the caller's delegated shares and the sum of all delegators' shares.
    function _setDelegation(address operator, uint24 generation, uint112 held, uint112 total) private {
        Delegation storage delegation = _delegations[operator][generation];
        delegation.byDelegator[msg.sender].push(uint48(block.number), held);
        delegation.total.push(uint48(block.number), total);
        _obligations[operator].delegatedShares = total;
    }

    /// @dev Share of the delegators in 1/65535, for a lock of this block. Those who came in this block have no block
    /// before the lock to be paid by, so they count on the operator's side: else they would raise what the others get.
    function _delegatedRatioDown(address operator, Pool memory pool, uint112 delegatedShares)
        private
        view
        returns (uint16)
    {
        if (delegatedShares == 0) return 0;
        uint112 before = delegatedSharesAt(operator, pool.generation, uint48(block.number - 1));
        return uint16(Math.min(before, delegatedShares) * type(uint16).max / pool.shares);
    }

    /// @dev Neither delegators nor exits that a lock of this epoch would reach. (Own exits count too: it is cheap, and
    /// the operator can ask again in the next epoch.)
    function _nobodyElseAtRisk(address operator) private view returns (bool) {
        return _obligations[operator].delegatedShares == 0 && _pools[operator].lastExitEpoch != currentEpoch();
    }

    // ── Exits ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Adds an exit of the caller to the bucket of `epoch`.
    function _enterBucket(address operator, uint24 epoch, uint96 tokens, bool own) private {
        Bucket memory bucket = _buckets[operator][epoch];
        uint256 added = Shares.toSharesDown(tokens, bucket.tokens, bucket.shares);
        uint256 shares = bucket.shares + added;
        require(shares <= type(uint112).max, BucketDiluted(operator, epoch, shares));

        bucket.tokens += tokens;
        bucket.shares = uint112(shares);
        _buckets[operator][epoch] = bucket;
        if (!own) {
            DelegatedExits storage delegated = _delegatedExits[operator][epoch][bucket.generation];
            delegated.total += uint112(added);
            delegated.byDelegator[msg.sender] += uint112(added);
        }
    }

    /// @dev Shares of the bucket that `account` holds.
    function _exitShares(Bucket memory bucket, DelegatedExits storage delegated, address operator, address account)
        private
        view
        returns (uint112)
    {
        return account == operator ? bucket.shares - delegated.total : delegated.byDelegator[account];
    }

    function _exitWorth(address operator, address account, uint24 epoch) private view returns (uint96) {
        Bucket memory bucket = _buckets[operator][epoch];
        DelegatedExits storage delegated = _delegatedExits[operator][epoch][bucket.generation];
        uint112 shares = _exitShares(bucket, delegated, operator, account);
        return uint96(Shares.toTokensDown(shares, bucket.tokens, bucket.shares));
    }

    // ── Locks ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Counts a new lock of the calling engine; the sums of locks stay within the ceiling and the `active` stake.
    /// @return delegatedShares the operator's delegated shares, which share a slot with the locks
    function _encumber(address operator, uint96 active, uint96 amount) private returns (uint112 delegatedShares) {
        Approval storage approval = _approvals[operator][msg.sender];
        (uint96 ceiling, uint96 engineLocked) = (approval.ceiling, approval.locked);
        require(
            uint256(engineLocked) + amount <= ceiling,
            CeilingExceeded(operator, msg.sender, ceiling, engineLocked, amount)
        );
        Obligations storage obligations = _obligations[operator];
        uint96 locked = obligations.locked;
        require(uint256(locked) + amount <= active, InsufficientActiveStake(operator, active, locked, amount));
        approval.locked = engineLocked + amount;
        obligations.locked = locked + amount;
        return obligations.delegatedShares;
    }

    function _disencumber(address engine, address operator, uint96 amount) private {
        _approvals[operator][engine].locked -= amount;
        _obligations[operator].locked -= amount;
    }

    /// @dev A lock of `amount` ended, of which `burnt` is about to be burnt.
    function _free(address engine, address operator, uint256 caseId, uint96 amount, uint96 burnt) private {
        _disencumber(engine, operator, amount);
        emit Released(engine, operator, caseId, amount - burnt);
    }

    /// @dev Burns `amount` of the active pool and of the buckets since `epoch`, in proportion. Cumulative rounding:
    /// each part bears its share within 1 wei, and together they bear exactly `amount`.
    /// @custom:complexity at most 16 buckets, none when nobody left since the lock
    function _burnStake(address operator, uint256 caseId, uint24 epoch, uint96 amount) private {
        Pool memory pool = _pools[operator];
        mapping(uint24 => Bucket) storage buckets = _buckets[operator];
        uint256 base = pool.active;
        for (uint24 e = epoch; e <= pool.lastExitEpoch; ++e) {
            base += buckets[e].tokens;
        }

        uint256 reached = pool.active;
        uint256 taken = amount * reached / base;
        emit Slashed(msg.sender, operator, caseId, amount, uint96(taken));
        _slashPool(operator, pool, uint96(taken));
        for (uint24 e = epoch; e <= pool.lastExitEpoch; ++e) {
            reached += buckets[e].tokens;
            uint256 due = amount * reached / base;
            _slashBucket(operator, e, uint96(due - taken));
            taken = due;
        }
        _burn(amount);
    }

    function _slashPool(address operator, Pool memory pool, uint96 amount) private {
        if (amount == 0) return;
        pool.active -= amount;
        if (pool.active == 0) {
            emit PoolEmptied(operator, pool.generation);
            pool.shares = 0;
            ++pool.generation;
            _obligations[operator].delegatedShares = 0;
        }
        _pools[operator] = pool;
    }

    function _slashBucket(address operator, uint24 epoch, uint96 amount) private {
        if (amount == 0) return;
        Bucket memory bucket = _buckets[operator][epoch];
        bucket.tokens -= amount;
        if (bucket.tokens == 0) {
            emit BucketEmptied(operator, epoch);
            bucket.shares = 0;
            ++bucket.generation;
        }
        _buckets[operator][epoch] = bucket;
    }
}
