// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {RingSignature} from "../libraries/RingSignature.sol";
import {ILedger} from "./ILedger.sol";
import {IStakeVault} from "./IStakeVault.sol";

/// @title What the Arena's callers pass in and read out
/// @notice Stakes are in gwei of the token (`GWEI` wei), money in wei, rates in parts per million, lengths in seconds.
interface IArenaTypes {
    /// @notice Rules of a task, fixed at creation; `docs/protocol.md` section 2 gives meaning and ranges.
    struct Params {
        uint8 rounds;
        uint16 maxTrainers;
        uint16 maxValidators;
        uint16 minTrainers;
        uint16 minValidators;
        uint64 minTrainerStake;
        uint64 minValidatorStake;
        uint16 k1;
        uint16 k2;
        uint24 gamma;
        uint24 delta;
        uint24 q;
        uint24 sigma;
        uint24 tau;
        uint16 epsilon;
        uint16 mu;
        uint16 baseline;
        uint24 slashUnpublished;
        uint24 slashMalformed;
        uint24 slashNoCommit;
        uint24 slashNoReveal;
        uint96 bounty;
        uint96 bond;
        uint80 keeperFee;
        uint80 relayFee;
        uint16 quota;
        uint24 enrol;
        uint24 mask;
        uint24 submit;
        uint24 publish;
        uint24 key;
        uint24 score;
        uint24 reveal;
        uint24 open;
    }

    /// @notice One round's hidden data, fixed at creation.
    struct Shard {
        bytes32 ciphertextHash;
        bytes32 plaintextHash;
        bytes32 keyHash;
    }

    /// @notice Where a task stands as a whole.
    /// @dev Enrolling: members join. Drawing: Enrol closed, ring seed awaited. Running: masks and rounds. Ended: handles
    /// open, accounts conclude. Cancelled: everything goes back. Finished: nothing left to do.
    enum Status {
        None,
        Enrolling,
        Drawing,
        Running,
        Ended,
        Cancelled,
        Finished
    }

    /// @notice Why a task ended.
    enum Cause {
        None,
        Completed,
        KeyMissing,
        QuorumMissed,
        DatasetInvalid,
        TooFewMembers,
        SeedNotDrawn
    }

    /// @notice What a task waits for.
    enum Phase {
        None,
        Enrol,
        CloseEnrol,
        DrawRings,
        Mask,
        Submit,
        Publish,
        PostKey,
        Score,
        Reveal,
        Settle,
        Open,
        Tally,
        Conclude,
        Finish,
        Finished
    }

    /// @notice A trainer's or validator's place.
    /// @param hotKey key that enrolled
    /// @param stake gwei locked
    /// @param handle trainer: 1 + index of the handle it opened, zero before
    /// @param concluded whether the account was paid and released
    struct Member {
        address hotKey;
        uint64 stake;
        uint16 handle;
        bool concluded;
    }

    /// @notice A handle's state. The bitmaps have one bit per round.
    /// @param key address that signs for it
    /// @param committed rounds with a live commitment
    /// @param done rounds in which it is final or has passed
    /// @param published rounds in which it published
    /// @param delivered rounds whose creator's box was posted
    /// @param member 1 + index of the trainer that opened it, zero before
    /// @param messages messages accepted so far; the next one's nonce
    struct Handle {
        address key;
        uint8 committed;
        uint8 done;
        uint8 published;
        uint8 delivered;
        uint16 member;
        uint16 messages;
    }

    /// @notice Deadlines and lengths of a task, and its quota of message units, which every message needs as well.
    struct Schedule {
        uint40 enrolEnd;
        uint40 maskEnd;
        uint24 submit;
        uint24 publish;
        uint24 key;
        uint24 score;
        uint24 reveal;
        uint24 open;
        uint8 rounds;
        uint16 quota;
    }

    /// @notice How far a task got.
    /// @param settled rounds settled or passed empty
    /// @param trainers, validators, handles numbers of each; `opened` and `concluded` how many of them did
    /// @param active validators that may act, `activeWeight` their weight of `totalWeight`
    /// @param guess consensus of the last settled round's winner, zero before
    /// @param drawBlock block whose hash becomes the ring seed
    /// @param endedAt second the task ended, start of Open
    /// @param untallied settled rounds whose trainers' pay awaits `tally`
    struct Progress {
        Status status;
        Cause cause;
        uint8 settled;
        uint8 untallied;
        uint16 trainers;
        uint16 validators;
        uint16 handles;
        uint16 opened;
        uint16 concluded;
        uint16 active;
        uint16 activeWeight;
        uint16 totalWeight;
        uint16 guess;
        uint40 drawBlock;
        uint40 endedAt;
    }

    /// @notice What handles did in one round.
    /// @param committed handles with a commitment; `done` those final or passed; `published` lanes
    /// @param messages handles' messages accepted
    struct Round {
        uint16 committed;
        uint16 done;
        uint16 published;
        uint32 messages;
    }

    /// @notice What validators did in one round.
    /// @param keyPosted whether the shard's key is public, so that they can score
    /// @param committed, revealed bitmaps of validators
    /// @param weight revealed weight, `invalidWeight` the part that voted DATASET_INVALID
    /// @param vectors distinct score vectors
    struct Panel {
        bool keyPosted;
        uint96 committed;
        uint96 revealed;
        uint16 weight;
        uint16 invalidWeight;
        uint8 vectors;
    }

    /// @notice One distinct score vector of a round.
    /// @param ordinal 1 + its place in the order of first reveals
    /// @param weight sum of its validators' weights
    /// @param members bitmap of the validators that revealed it
    /// @param pay wei for its validators, known when settled
    struct Vector {
        uint8 ordinal;
        uint16 weight;
        uint96 members;
        uint96 pay;
    }

    /// @notice A settled round's trainers' side.
    /// @param winners number of winners, `counted` of counted models
    /// @param paidVectors number of vectors that share the validators' pay
    /// @param malformed whether any model was malformed by consensus
    /// @param tallied whether `denominator`, `best` and `dust` stand
    /// @param best 1 + handle index of the best opened winner, zero when none opened
    /// @param dust wei that the best one gets on top
    /// @param denominator sum of rank weight * stake over opened winners
    struct Result {
        uint16 winners;
        uint16 counted;
        uint8 paidVectors;
        bool malformed;
        bool tallied;
        uint16 best;
        uint16 dust;
        uint136 denominator;
    }

    /// @notice A handle's commitment for a round (zero: it passes), as signed by it.
    struct Submission {
        uint256 task;
        uint256 index;
        uint256 round;
        bytes32 commitment;
        bool last;
        uint256 nonce;
        uint256 expiry;
    }

    /// @notice A handle's opening of its commitment, as signed by it.
    struct Publication {
        uint256 task;
        uint256 index;
        uint256 round;
        bytes32 manifestHash;
        bytes32 plaintextHash;
        bytes32 creatorBoxHash;
        bytes32 salt;
        string cid;
        uint256 firstRound;
        uint256 nonce;
        uint256 expiry;
    }

    /// @notice The rest of an earlier publication of the same plaintext, proof of `firstRound`; ignored when that is
    /// this round.
    struct Earlier {
        bytes32 creatorBoxHash;
        bytes32 manifestHash;
    }

    /// @notice What `settle` checks instead of computing.
    /// @param vectors all distinct revealed vectors, in order of (agreement, weight, first reveal)
    /// @param medians consensus of each lane, packed; empty when equal to the first vector
    /// @param winners lanes of the winners, best first
    struct Witness {
        bytes vectors;
        bytes medians;
        uint256[] winners;
    }

    /// @notice Delegators' part of a member's pay.
    /// @param amount wei for all, `paid` of it fetched
    /// @param blockNumber block of the lock; shares count in the block before
    /// @param generation generation of the pool's shares
    /// @param claimedShares shares that were paid
    struct Delegation {
        uint96 amount;
        uint96 paid;
        uint48 blockNumber;
        uint112 claimedShares;
        uint24 generation;
    }
}

/// @title Errors and events of the Arena
interface IArenaEvents is IArenaTypes {
    // ── Errors ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Parameter `name` is out of its range, see `docs/protocol.md` section 2.
    error ParamOutOfRange(string name);
    /// @notice There is no such task.
    error UnknownTask(uint256 task);
    /// @notice The task is in another phase, or the time for this is over.
    error WrongPhase(uint256 task);
    /// @notice `advance` has nothing to do now.
    error NothingDue(uint256 task);
    /// @notice This is not the sender's place, handle or model.
    error NotAuthorized(address sender);
    /// @notice The public key does not belong to the sender.
    error WrongPublicKey(address sender);
    /// @notice The lock is under the task's minimum, in gwei.
    error StakeTooSmall(uint64 stake, uint64 min);
    /// @notice The task is full, and the smallest lock (gwei) is not 10 % under this one.
    error TaskFull(uint64 smallest);
    /// @notice The shards' hashes are not those of the task.
    error WrongShards(uint256 task);
    /// @notice The X25519 key is zero.
    error WrongBoxKey();
    /// @notice A handle of this trainer is registered already.
    error HandleExists(bytes32 tag);
    /// @notice The signature over a message is not by `expected`.
    error WrongSignature(address expected, address recovered);
    /// @notice The message's time is over.
    error MessageExpired(uint256 expiry);
    /// @notice Messages count up; this handle's next nonce is `expected`.
    error WrongNonce(uint256 expected, uint256 nonce);
    /// @notice The handle used up the message units that its trainer prepaid.
    error QuotaExhausted(uint256 quota);
    /// @notice The commitment of this round is final, or the handle has passed.
    error AlreadyFinal(uint256 round);
    /// @notice What is opened does not match the commitment.
    error WrongOpening();
    /// @notice It was done before.
    error AlreadyDone();
    /// @notice The text is longer than `max` bytes.
    error TooLong(uint256 length, uint256 max);
    /// @notice The key's hash is not the committed one.
    error WrongKey(uint256 round);
    /// @notice The validator missed an earlier commit or reveal and is out of this task.
    error Benched(uint256 index);
    /// @notice No such vector was revealed in this round; reveal it in full.
    error UnknownVector(bytes32 vectorHash);
    /// @notice The witness is not the revealed vectors in rank order.
    error WrongVectors();
    /// @notice The round was not settled as quorum or data failed: call `advance`.
    error NotSettleable(uint256 round);
    /// @notice A winning model's creator's box is due; without it the account can be concluded from `deadline` on.
    error AwaitingDelivery(uint256 round, uint256 deadline);
    /// @notice The delegator had no shares in the block before the lock.
    error NothingDelegated(address delegator);

    // ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────

    event TaskCreated(uint256 indexed task, address indexed creator, Params params, Shard[] shards, string uri);
    event TrainerEnrolled(
        uint256 indexed task,
        uint256 indexed index,
        address indexed operator,
        address hotKey,
        uint64 stake,
        uint256 publicKeyX,
        uint256 publicKeyY
    );
    event ValidatorEnrolled(
        uint256 indexed task,
        uint256 indexed index,
        address indexed operator,
        address hotKey,
        uint64 stake,
        bytes32 boxKey
    );
    /// @notice The operator's place went to a larger lock; its stake and quota are free again.
    event Evicted(uint256 indexed task, uint256 indexed index, address indexed operator, bool trainer);
    /// @notice The hash of this event's block gives the ring seed.
    event EnrolClosed(uint256 indexed task, uint256 trainers, uint256 validators, uint256 totalWeight);
    /// @notice Nobody drew the seed while its block's hash could be read: the hash of this event's block gives it instead.
    event DrawPostponed(uint256 indexed task);
    event RingsDrawn(uint256 indexed task, bytes32 seed);
    event HandleRegistered(
        uint256 indexed task,
        uint256 indexed index,
        address indexed handle,
        bytes32 tag,
        bytes32 openCommitment,
        uint256 ring,
        address relay
    );
    event Submitted(
        uint256 indexed task, uint256 indexed round, uint256 indexed index, bytes32 commitment, bool last, address relay
    );
    event Published(
        uint256 indexed task,
        uint256 indexed round,
        uint256 indexed index,
        uint256 lane,
        bytes32 manifestHash,
        bytes32 plaintextHash,
        bytes32 creatorBoxHash,
        bytes32 salt,
        string cid,
        uint256 firstRound,
        address relay
    );
    event KeyPosted(uint256 indexed task, uint256 indexed round, bytes32 key);
    event ScoresCommitted(uint256 indexed task, uint256 indexed round, uint256 indexed index, bytes32 commitment);
    /// @notice A vector that nobody revealed before; `ordinal` counts them in the round.
    event VectorRevealed(
        uint256 indexed task, uint256 indexed round, uint256 ordinal, bytes32 vectorHash, bytes vector
    );
    event ScoresRevealed(
        uint256 indexed task,
        uint256 indexed round,
        uint256 indexed index,
        bytes32 vectorHash,
        bytes32 salt,
        uint256 weight
    );
    event RoundEmpty(uint256 indexed task, uint256 indexed round);
    /// @notice `winners` are handle indices, best first; `passMark` is theta of `docs/protocol.md` section 6.
    event RoundSettled(
        uint256 indexed task,
        uint256 indexed round,
        uint256 counted,
        uint256 passMark,
        uint256 trainerPool,
        uint256 validatorPool,
        uint256[] winners
    );
    event VectorPaid(uint256 indexed task, uint256 indexed round, uint256 ordinal, uint256 amount);
    event TaskEnded(uint256 indexed task, uint256 round, Cause cause);
    event HandleOpened(
        uint256 indexed task, uint256 indexed index, uint256 indexed member, address operator, bytes32 nonce
    );
    event Delivered(uint256 indexed task, uint256 indexed round, uint256 indexed index, bytes box);
    event RoundTallied(uint256 indexed task, uint256 indexed round, uint256 denominator, uint256 best, uint256 dust);
    /// @notice `paid` went to the operator, `delegated` waits for its delegators, `slashed` was burnt, `returned` is the
    /// unused quota; all wei.
    event TrainerConcluded(
        uint256 indexed task,
        uint256 indexed member,
        address indexed operator,
        uint256 paid,
        uint256 delegated,
        uint256 slashed,
        uint256 returned
    );
    event ValidatorConcluded(
        uint256 indexed task,
        uint256 indexed member,
        address indexed operator,
        uint256 paid,
        uint256 delegated,
        uint256 slashed
    );
    event DelegationClaimed(
        uint256 indexed task, address indexed operator, address indexed delegator, uint256 amount, uint256 dust
    );
    event RelayPaid(uint256 indexed task, address indexed relay, uint256 units, uint256 amount);
    /// @notice The fee for an act that was due, or for concluding a faulty account.
    event KeeperPaid(uint256 indexed task, address indexed keeper, uint256 amount);
    event TaskFinished(uint256 indexed task, uint256 refunded, uint256 burnt);
}

/// @title Arena: training tasks with blind, hidden-data scoring
/// @notice `docs/protocol.md` gives the rules. Anyone may call anything that is due.
/// @custom:invariant I-3 bounty + bond + quotas = paid + refunded + burnt for every ended task
/// @custom:invariant I-10 one counted reveal per validator and round, matching its commitment
/// @custom:invariant I-11 no commitment is valid elsewhere
/// @custom:invariant I-13 the result depends on neither who settles nor the order of reveals
/// @custom:invariant I-17 time and permissionless calls end every task and free every lock
/// @custom:invariant I-20 before Open nothing here links a handle to a trainer
/// @custom:invariant I-21 one handle per trainer, opened only by the operator it committed to
interface IArena is IArenaEvents {
    /// @notice Posts a task; charges bounty + bond to the caller's Ledger credit.
    /// @param shards hashes of each round's hidden data
    /// @param uri public description of the task, at most 512 bytes
    function createTask(Params calldata params, Shard[] calldata shards, string calldata uri)
        external
        returns (uint256 task);

    /// @notice Joins as a trainer, from the hot key; locks `stake` gwei and charges the message quota to the operator's
    /// Ledger credit. In a full task the smallest lock leaves if this one is at least 10 % larger.
    /// @param x, y the hot key's public key, which the rings are made of
    function enrolTrainer(uint256 task, uint64 stake, uint256 x, uint256 y) external returns (uint256 index);

    /// @notice Joins as a validator, from the hot key; locks `stake` gwei.
    /// @param boxKey X25519 key to which models are encrypted
    /// @param shardsHash attests that the caller holds all shards' ciphertexts and that they match
    function enrolValidator(uint256 task, uint64 stake, bytes32 boxKey, bytes32 shardsHash)
        external
        returns (uint256 index);

    /// @notice Does the next step that needs no witness; pays the caller. See `docs/protocol.md` section 3.
    function advance(uint256 task) external;

    /// @notice Registers `handle` for one of the trainers of `ring`, nobody knows which.
    /// @param openCommitment keccak(operator, nonce) of the operator that will open it
    /// @param consent EIP-712 signature of `Mask` by the handle
    /// @param signature ring signature by a trainer of the ring over the handle and the commitment
    function registerHandle(
        uint256 task,
        uint256 ring,
        address handle,
        bytes32 openCommitment,
        bytes calldata consent,
        RingSignature.Signature calldata signature
    ) external returns (uint256 index);

    /// @notice Sets a handle's commitment for a round, or passes (commitment zero).
    /// @param signature EIP-712 signature of `Submit` by the handle
    function submit(Submission calldata submission, bytes calldata signature) external;

    /// @notice Opens a handle's commitment. The order of publication is the order of lanes.
    /// @param signature EIP-712 signature of `Publish` by the handle
    function publish(Publication calldata publication, Earlier calldata earlier, bytes calldata signature)
        external
        returns (uint256 lane);

    /// @notice Posts a round's shard key in clear, once the models are frozen. Anyone who has it may.
    function postKey(uint256 task, uint256 round, bytes32 key, Shard[] calldata shards) external;

    /// @notice Commits a validator's score vector, from the hot key that enrolled.
    function commitScores(uint256 task, uint256 round, uint256 index, bytes32 commitment) external;

    /// @notice Reveals a vector (empty: DATASET_INVALID). Anyone who has the salt may send it.
    function revealScores(uint256 task, uint256 round, uint256 index, bytes32 salt, bytes calldata vector) external;

    /// @notice Reveals a vector that somebody revealed in full before.
    function revealKnownScores(uint256 task, uint256 round, uint256 index, bytes32 salt, bytes32 vectorHash) external;

    /// @notice Settles the earliest unsettled round; pays the caller.
    function settle(uint256 task, Witness calldata witness) external;

    /// @notice Opens a handle, from the hot key of the trainer's operator.
    /// @param tag the handle's ring signature tag
    function open(uint256 task, uint256 index, uint256 member, bytes32 tag, bytes32 nonce) external;

    /// @notice Posts the creator's box of a winning model. Anyone who has it may.
    function deliver(
        uint256 task,
        uint256 round,
        uint256 index,
        bytes32 plaintextHash,
        bytes32 manifestHash,
        bytes calldata box
    ) external;

    /// @notice Fixes the trainers' pay of a settled round, once Open closed; pays the caller.
    function tally(uint256 task, uint256 round) external;

    /// @notice Pays, slashes and releases a trainer.
    function concludeTrainer(uint256 task, uint256 member) external;

    /// @notice Pays, slashes and releases a validator.
    function concludeValidator(uint256 task, uint256 member) external;

    /// @notice Pays a delegator its part of an operator's pay in a task.
    function claimDelegation(uint256 task, address operator, address delegator) external returns (uint256 amount);

    /// @notice Pays `relay` for the messages it sent and was not paid for yet.
    function claimRelay(uint256 task, address relay) external returns (uint256 amount);

    /// @notice Sends what is left to the creator (burns it after a creator's fault), once all accounts are concluded.
    function finish(uint256 task) external;

    // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function vault() external view returns (IStakeVault);
    function ledger() external view returns (ILedger);
    /// @notice Smallest length of every phase here, seconds.
    function minPhase() external view returns (uint24);
    function taskCount() external view returns (uint256);
    function domainSeparator() external view returns (bytes32);
    /// @notice What the task waits for, in which round, until when (zero: no deadline).
    /// @dev While `Settle` is due for round r, Submit and Publish of r+1 may go on: `roundPhaseOf` tells.
    function phaseOf(uint256 task) external view returns (Phase phase, uint256 round, uint256 deadline);
    /// @notice Phase of one round alone: None before it opened, Settle when all its phases are over.
    function roundPhaseOf(uint256 task, uint256 round) external view returns (Phase phase, uint256 deadline);
    function scheduleOf(uint256 task) external view returns (Schedule memory);
    function progressOf(uint256 task) external view returns (Progress memory);
    function roundOf(uint256 task, uint256 round) external view returns (Round memory);
    function panelOf(uint256 task, uint256 round) external view returns (Panel memory);
    /// @notice The `rank`-th paid vector of a settled round.
    function paidVectorOf(uint256 task, uint256 round, uint256 rank) external view returns (Vector memory);
    function lanesHashOf(uint256 task, uint256 round) external view returns (bytes32);
    function resultOf(uint256 task, uint256 round) external view returns (Result memory);
    function trainerOf(uint256 task, uint256 member) external view returns (Member memory);
    function validatorOf(uint256 task, uint256 member) external view returns (Member memory);
    function handleOf(uint256 task, uint256 index) external view returns (Handle memory);
    function delegationOf(uint256 task, address operator) external view returns (Delegation memory);
    /// @notice Message units that `relay` sent and was not paid for yet.
    function relayUnitsOf(uint256 task, address relay) external view returns (uint256);
    function seedOf(uint256 task) external view returns (bytes32);
    function shardsHashOf(uint256 task) external view returns (bytes32);
}
