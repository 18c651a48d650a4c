// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ILedger} from "./ILedger.sol";
import {IStakeVault} from "./IStakeVault.sol";

/// @title What the Alliance's callers pass in and read out
/// @notice Money is in wei, rates are in parts per million, lengths in seconds. Sets of clients are bitmaps: bit i stands for
/// client i. A contribution is a 15-bit score, `NEUTRAL` = 16,384 for an update without effect.
interface IAllianceTypes {
    /// @notice Rules of a task, fixed at creation; `docs/alliance.md` section 2 gives meaning, ranges and defaults.
    /// @dev `epsilon`, `fractionBits` and `rule` bind clients; the chain only publishes them.
    struct Params {
        uint8 rounds;
        uint8 minClients;
        uint8 maxClients;
        uint8 minUpdates;
        uint24 proposerShare;
        uint32 maxSamples;
        uint24 epsilon;
        uint24 slashSilent;
        uint24 slashWrong;
        uint24 slashRejected;
        uint24 burnShare;
        uint24 contributionShare;
        uint16 harm;
        uint8 initialReputation;
        uint8 maxReputation;
        uint8 reputationThreshold;
        uint8 fractionBits;
        uint8 rule;
        uint96 minStake;
        uint96 pool;
        uint80 keeperFee;
        uint24 join;
        uint24 propose;
        uint24 publish;
        uint24 vote;
        uint24 reveal;
    }

    /// @notice What a task is about; all but the model's hash is published only.
    /// @param model hash of the starting model
    /// @param modelCid where the starting model is
    /// @param ruleParameters canonical text of the aggregation rule's parameters
    /// @param uri public description of the task
    /// @param arena, arenaTask where the starting model won, or zero
    struct Terms {
        bytes32 model;
        string modelCid;
        string ruleParameters;
        string uri;
        address arena;
        uint256 arenaTask;
    }

    /// @notice Where a task stands as a whole.
    /// @dev Joining: before the first set of clients is frozen. Drawing: a set is frozen, its roles' seed awaited.
    enum Status {
        None,
        Joining,
        Drawing,
        Running,
        Ended
    }

    /// @notice Why a task ended.
    enum Cause {
        None,
        Completed,
        TooFewClients
    }

    /// @notice What a task waits for.
    enum Phase {
        None,
        Join,
        Freeze,
        Draw,
        Propose,
        Publish,
        Vote,
        Reveal,
        Settle,
        Ended
    }

    /// @notice How a round ended.
    /// @dev Only Accepted and Rejected pay, and slash for votes and updates; the others slash silence alone.
    enum Outcome {
        TooFewUpdates,
        QuorumMissed,
        Undecided,
        Tied,
        Accepted,
        Rejected
    }

    /// @notice What a round meant for a client.
    /// @dev Right: on the right side, paid. Wrong: voted for another result or against the decision. Rejected: its update was
    /// left out by the rule, or harmed. Silent: missed a commitment or its opening. Isolated: sat out for its reputation.
    enum Verdict {
        None,
        Right,
        Wrong,
        Rejected,
        Silent,
        Isolated
    }

    /// @notice Time and state of a task.
    /// @param joinEnd second at which Join ends
    /// @param propose, publish, vote, reveal lengths of a round's phases, counted from its draw
    /// @param minUpdates fewer published updates: the round rolls on
    /// @param round the current round
    /// @param drawnAt second of the current round's draw
    /// @param drawBlock block whose hash becomes the seed
    struct Clock {
        uint40 joinEnd;
        uint24 propose;
        uint24 publish;
        uint24 vote;
        uint24 reveal;
        uint8 rounds;
        uint8 minUpdates;
        Status status;
        Cause cause;
        uint8 round;
        uint40 drawnAt;
        uint40 drawBlock;
    }

    /// @notice A task's places: disjoint sets `present` (in from the next freeze on), `benched` (out until they resume) and
    /// `left` (to be collected), and across them `isolated` (reputation under the threshold).
    struct Places {
        uint128 present;
        uint128 benched;
        uint128 left;
        uint128 isolated;
    }

    /// @notice The current round. While Drawing, `voters` is the frozen set and the rest is the last round's.
    /// @dev Ordered so that no slot is ever emptied, and each act rewrites one of them.
    /// @param opened who published or revealed, `committed` who committed
    struct Round {
        uint128 proposers;
        uint128 opened;
        uint128 voters;
        uint128 committed;
    }

    /// @notice A client's place.
    /// @param hotKey key that joined
    /// @param stake wei that can be slashed
    /// @param earned wei to be collected
    /// @param benchedIn the round in which it was silent last, if it is benched
    struct Client {
        address hotKey;
        uint96 stake;
        uint96 earned;
        uint8 reputation;
        uint8 benchedIn;
    }

    /// @notice A task's money.
    /// @param pool wei for the rounds to come
    /// @param keeperFee wei for each of the `acts` left, reserved beside the pool
    /// @param minStake wei that joining takes at least
    struct Funds {
        address creator;
        uint96 pool;
        uint80 keeperFee;
        uint16 acts;
        uint96 minStake;
    }

    /// @notice An update as its proposer opens it.
    /// @param updateHash hash of the update's integers
    /// @param samples declared number of training samples n_k
    struct Update {
        bytes32 updateHash;
        uint32 samples;
        string cid;
        bytes32 salt;
    }

    /// @notice What aggregating a round gives.
    /// @param aggregateHash hash of the aggregated model
    /// @param accepted proposers whose updates the rule selected
    struct Result {
        bytes32 aggregateHash;
        uint128 accepted;
    }

    /// @notice A voter's finding as it reveals it.
    /// @param inFavour +1: the aggregate keeps the voter's score, else -1
    /// @param contributions packed 15-bit lanes, one per published update by ascending client
    struct Vote {
        Result result;
        bool inFavour;
        bytes contributions;
        bytes32 salt;
    }

    /// @notice What one voter revealed, as places in the witness.
    struct Ballot {
        uint8 result;
        uint8 vector;
        bool inFavour;
    }

    /// @notice How a round ended.
    /// @param model hash of the next round's model
    /// @param accepted proposers whose updates the decided result holds
    /// @param inFavour, against weights of the voters for the result that more than half name
    /// @param paid wei earned; `returned` to the creator: what the wrong, rejected and silent would have had
    /// @param slashed wei, of which `burnt` and the rest went to the pool
    /// @param medians consensus of the contributions, packed; empty without a decision
    struct Conclusion {
        Outcome outcome;
        bytes32 model;
        uint128 accepted;
        uint256 inFavour;
        uint256 against;
        uint256 paid;
        uint256 returned;
        uint256 slashed;
        uint256 burnt;
        bytes medians;
    }

    /// @notice What `settle` checks instead of computing. Empty for a round without quorum or with too few updates.
    /// @param results distinct results revealed, by ascending hash
    /// @param vectors distinct contribution vectors revealed, concatenated
    /// @param ballots one per voter that revealed, by ascending client
    /// @param medians consensus of each update's contribution, packed; ignored without a decision
    struct Witness {
        Result[] results;
        bytes vectors;
        Ballot[] ballots;
        bytes medians;
    }
}

/// @title Errors and events of the Alliance
interface IAllianceEvents is IAllianceTypes {
    // ── Errors ─────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Parameter `name` is out of its range, see `docs/alliance.md` section 2.
    error ParamOutOfRange(string name);
    /// @notice The text is longer than `max` bytes.
    error TooLong(uint256 length, uint256 max);
    /// @notice There is no such task.
    error UnknownTask(uint256 task);
    /// @notice The task is in another phase or round, or the time for this is over.
    error WrongPhase(uint256 task);
    /// @notice `advance` has nothing to do now.
    error NothingDue(uint256 task);
    /// @notice This is not the sender's place, or the sender acts for no operator.
    error NotAuthorized(address sender);
    /// @notice The client has no such role in this round.
    error NotDrawn(uint256 client);
    /// @notice The stake is under the task's minimum, in wei.
    error StakeUnderMinimum(uint96 stake, uint96 min);
    /// @notice The operator joined this task before.
    error JoinedBefore(address operator);
    /// @notice All places are taken by clients that take part, or that have missed no whole round on the bench.
    error NoPlaceFree(uint256 task);
    /// @notice The client is not benched.
    error NotBenched(uint256 client);
    /// @notice It was done before.
    error AlreadyDone();
    /// @notice What is opened does not match the commitment.
    error WrongOpening();
    /// @notice The declared samples are zero or more than `max`.
    error SamplesOutOfRange(uint256 samples, uint256 max);
    /// @notice The result accepts clients that published nothing.
    error AcceptedUnpublished(uint256 clients);
    /// @notice The witness is not what the voters revealed.
    error WrongWitness();
    /// @notice The client has nothing to collect now.
    error NothingToCollect(uint256 client);

    // ── Events ─────────────────────────────────────────────────────────────────────────────────────────────────────

    event AllianceCreated(uint256 indexed task, address indexed creator, Params params, Terms terms);
    /// @notice The client is in from the next freeze on.
    event ClientJoined(
        uint256 indexed task, uint256 indexed client, address indexed operator, address hotKey, uint96 stake
    );
    /// @notice The client is out from the next freeze on.
    event ClientLeft(uint256 indexed task, uint256 indexed client);
    /// @notice The client is in again from the next freeze on.
    event ClientResumed(uint256 indexed task, uint256 indexed client);
    /// @notice The round's clients are fixed; the hash of this event's block gives their roles.
    event RoundFrozen(uint256 indexed task, uint256 indexed round, uint128 clients);
    /// @notice Nobody drew while the block's hash could be read: the hash of this event's block gives the roles instead.
    event DrawPostponed(uint256 indexed task);
    event RolesDrawn(uint256 indexed task, uint256 indexed round, bytes32 seed, uint128 proposers, uint128 voters);
    event Committed(uint256 indexed task, uint256 indexed round, uint256 indexed client, bytes32 commitment);
    event UpdatePublished(uint256 indexed task, uint256 indexed round, uint256 indexed client, Update update);
    event VoteRevealed(uint256 indexed task, uint256 indexed round, uint256 indexed client, Vote vote);
    event RoundConcluded(uint256 indexed task, uint256 indexed round, Conclusion conclusion);
    /// @notice What a round meant for a client; `reward` and `slash` in wei, `reputation` afterwards. None: no event.
    event ClientJudged(
        uint256 indexed task,
        uint256 indexed round,
        uint256 indexed client,
        Verdict verdict,
        uint256 reward,
        uint256 slash,
        uint256 reputation
    );
    /// @notice `amount` went to the operator's credit; if `gone`, with the stake, and the place is free.
    event Collected(uint256 indexed task, uint256 indexed client, address indexed operator, uint256 amount, bool gone);
    event KeeperPaid(uint256 indexed task, address indexed keeper, uint256 amount);
    /// @notice `refunded` went to the creator.
    event AllianceEnded(uint256 indexed task, uint256 rounds, Cause cause, uint256 refunded);
}

/// @title Alliance: federated rounds in which drawn proposers train and drawn voters decide
/// @notice `docs/alliance.md` gives the rules. Pool and stakes are in the Ledger, in the bucket of the task.
/// @custom:invariant I-3 pool + stakes = paid + returned + refunded + burnt, once all have collected
/// @custom:invariant I-10 one counted reveal per voter and round, matching its commitment
/// @custom:invariant I-11 no commitment is valid elsewhere
/// @custom:invariant I-13 a round's result depends neither on who settles it, nor when, nor on the order of reveals
/// @custom:invariant I-16 silence never pays more than acting
/// @custom:invariant I-17 time and permissionless calls end every task and free every stake
/// @custom:invariant I-18 nobody can block a reveal or a collection
interface IAlliance is IAllianceEvents {
    /// @notice Posts a task; charges the pool to the caller's Ledger credit.
    function createTask(Params calldata params, Terms calldata terms) external returns (uint256 task);

    /// @notice Joins from the hot key; charges `stake` to the operator's Ledger credit. Once per operator and task.
    /// @dev In a full task it takes the place of a client that left, or that missed a whole round on the bench, which is paid out.
    function join(uint256 task, uint96 stake) external returns (uint256 client);

    /// @notice Leaves for good, from the hot key. The running round still counts; afterwards anyone may collect.
    function quit(uint256 task, uint256 client) external;

    /// @notice Comes back from the bench, from the hot key.
    function resume(uint256 task, uint256 client) external;

    /// @notice Freezes the first round's clients, or draws the current round's roles; pays the caller.
    function advance(uint256 task) external;

    /// @notice Commits a proposer's update while Propose is open, a voter's vote while Vote is; from the hot key that joined.
    function commit(uint256 task, uint256 round, uint256 client, bytes32 commitment) external;

    /// @notice Opens a proposer's commitment. Anyone who has the salt may send it.
    function publish(uint256 task, uint256 round, uint256 client, Update calldata update) external;

    /// @notice Opens a voter's commitment. Anyone who has the salt may send it.
    function reveal(uint256 task, uint256 round, uint256 client, Vote calldata vote) external;

    /// @notice Ends the current round: pays, slashes, freezes the next round's clients or ends the task; pays the caller.
    function settle(uint256 task, Witness calldata witness) external;

    /// @notice Pays a client's earnings to its operator's credit; with its stake, if it left or the task ended.
    function collect(uint256 task, uint256 client) external returns (uint256 amount);

    // ── Views ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function vault() external view returns (IStakeVault);
    function ledger() external view returns (ILedger);
    /// @notice Smallest length of every phase here, seconds.
    function minPhase() external view returns (uint24);
    function taskCount() external view returns (uint256);
    /// @notice What the task waits for, in which round, until when (zero: no deadline).
    function phaseOf(uint256 task) external view returns (Phase phase, uint256 round, uint256 deadline);
    function clockOf(uint256 task) external view returns (Clock memory);
    function fundsOf(uint256 task) external view returns (Funds memory);
    function placesOf(uint256 task) external view returns (Places memory);
    function roundOf(uint256 task) external view returns (Round memory);
    /// @notice What the current round's roles were drawn by.
    function seedOf(uint256 task) external view returns (bytes32);
    /// @notice Hash over the current round's seed and the updates published so far, in order; votes bind it.
    function transcriptOf(uint256 task) external view returns (bytes32);
    /// @notice Hash of the task's model as of now.
    function modelOf(uint256 task) external view returns (bytes32);
    function clientOf(uint256 task, uint256 client) external view returns (Client memory);
    function joinedBefore(uint256 task, address operator) external view returns (bool);
    /// @notice The proposers among `clients` (the rest vote) that `seed` draws by the clients' reputations of now.
    function drawOf(uint256 task, uint128 clients, bytes32 seed) external view returns (uint128 proposers);
}
