"""A whole task by real processes on a real chain, honest and other workers together, checked to the wei."""

from collections import Counter

import pytest

from covey.learning.artefact import decode
from covey.learning.task import Limits
from covey.localnet import free_port
from covey.protocol.params import GWEI
from covey.protocol.phases import Cause, Status
from covey.roles.task import TaskState
from covey.roles.view import View
from covey.storage import open_store
from covey.verify.export import export
from covey.verify.report import Report
from covey.verify.rescore import rescore
from covey.verify.rpc import Node
from tests.e2e.expected import check_conclusions, check_rounds
from tests.e2e.network import TOKEN, Network

CREATOR, KEEPER, DELEGATOR = 0, 1, 12


def wealth(network: Network, account: int) -> int:
    """Everything that an account owns, wherever it is, in wei."""
    c, address = network.contracts, network.signers[account].address
    own = network.read(c.vault.call("stakeOf", address))["ownTokens"]
    return int(
        network.read(c.token.call("balanceOf", address)) + network.read(c.ledger.call("creditOf", address)) + own
    )


@pytest.mark.slow
def test_a_task_with_every_kind_of_worker_ends_as_the_protocol_says(network: Network) -> None:
    c = network.contracts
    network.send(DELEGATOR, c.vault.call("delegate", network.signers[6].address, 500 * TOKEN, 1))
    network.net.mine()
    before = {account: wealth(network, account) for account in range(16)}
    supply = network.read(c.token.call("balanceOf", "0x000000000000000000000000000000000000dEaD"))
    task = network.post(CREATOR, rounds=3)
    network.mine_every(1)
    port = free_port()
    relays = [f"http://127.0.0.1:{port}"]
    network.start("creator", CREATOR, task=task)
    network.start("keeper", KEEPER, task=task, port=port)
    network.start("trainer", 2, task=task, relays=relays, send_itself=False)
    network.start("trainer", 3, task=task, architecture="mlp", relays=relays, send_itself=False)
    network.start("trainer", 4, task=task, strategy="untrained", relays=relays)
    network.start("trainer", 5, task=task, strategy="malformed", relays=relays)
    for account in (6, 7, 8):
        network.start("validator", account, task=task, stake=200 * 10**9)
    network.start("validator", 9, task=task, strategy="lazy")
    network.start("validator", 10, task=task, strategy="silent")
    network.enrol(task, trainers=4, validators=5)
    # The silent validator's reveal is waited for until the deadline.
    state = network.await_state(task, lambda s: len(s.rounds[0].reveals) == 4)
    network.skip_to(state.created_at + _reveal_end(state))
    state = network.await_state(task, lambda s: _agrees(network, s) and s.status is Status.FINISHED)

    assert state.cause is Cause.COMPLETED
    check_rounds(state)
    delegated = network.read(c.vault.call("stakeOf", network.signers[6].address))
    ratio = 65_535 * delegated["delegatedShares"] // (delegated["ownShares"] + delegated["delegatedShares"])
    check_conclusions(state, {network.signers[6].address: ratio})
    _check_roles(network, state)
    _check_messages(network, state)
    _check_models(network, state)
    _check_scores(network, state)

    # Money: what each account has now is what it had, and what the events say.
    network.send(
        DELEGATOR, c.arena.call("claimDelegation", task, network.signers[6].address, network.signers[12].address)
    )
    state = network.state(task)
    network.await_state(task, lambda s: not s.relays.get(network.signers[KEEPER].address))
    fees = _keeper_fees(network, state)
    for member in (*state.trainers, *state.validators):
        account = next(i for i, signer in enumerate(network.signers) if signer.address == member.operator)
        assert member.concluded is not None
        change = member.concluded["paid"] + member.concluded.get("returned", 0) - member.concluded["slashed"]
        if member in state.trainers:
            change -= state.params.quota * state.params.relay_fee
        if account not in (6, KEEPER):  # the first has a delegator
            assert wealth(network, account) - before[account] == change + fees[member.operator], account
    assert state.finished is not None
    burnt = network.read(c.token.call("balanceOf", "0x000000000000000000000000000000000000dEaD")) - supply
    slashed = sum(m.concluded["slashed"] for m in (*state.trainers, *state.validators) if m.concluded)
    assert burnt == state.finished["burnt"] + slashed
    assert sum(wealth(network, account) for account in range(16)) + _delegated(network) == (
        sum(before.values()) + _delegated_at_first() - burnt
    )
    assert network.read(c.ledger.call("bucketOf", c.arena.address, task)) == 0


def _agrees(network: Network, state: TaskState) -> bool:
    """What workers take a task to wait for is what the contract says, whenever one looks."""
    head = network.gateway.head()
    phase, round_, deadline = network.gateway.read(network.contracts.arena.call("phaseOf", state.task), at=head.number)
    view = View(network.state(state.task), head.timestamp, head.number)
    if network.gateway.head().hash == head.hash:
        current = view.clock.current()
        assert (current.phase, current.round, current.deadline or 0) == (phase, round_, deadline)
    return True


def _reveal_end(state: TaskState) -> int:
    lengths = state.params.lengths
    return lengths.enrol + lengths.mask + lengths.round


def _check_roles(network: Network, state: TaskState) -> None:
    paid = {m.operator: m.concluded["paid"] for m in (*state.trainers, *state.validators) if m.concluded}
    slashed = {m.operator: m.concluded["slashed"] for m in (*state.trainers, *state.validators) if m.concluded}
    address = [signer.address for signer in network.signers]
    for honest in (2, 3, 6, 7, 8):
        assert paid[address[honest]] > 0
        assert slashed[address[honest]] == 0
    assert paid[address[4]] == 0
    assert slashed[address[4]] == 0
    stake = state.trainers[0].stake * GWEI
    assert paid[address[5]] == 0
    assert slashed[address[5]] == 3 * stake * state.params.slash_malformed // 10**6
    assert paid[address[9]] == 0  # lazy
    assert paid[address[10]] == 0
    assert slashed[address[10]] > 0


def _check_messages(network: Network, state: TaskState) -> None:
    """All messages came by the relay, so that nothing on chain names a trainer."""
    senders = Counter(network.relays_of(state.task))
    assert set(senders) == {network.signers[KEEPER].address}


def _check_models(network: Network, state: TaskState) -> None:
    """The creator has every winning model."""
    for round_, data in enumerate(state.rounds):
        assert data.settled is not None
        for handle in data.settled["winners"]:
            path = network.folder / "models" / f"task-{state.task}-round-{round_ + 1}-handle-{handle}.covey"
            assert decode(path.read_bytes(), Limits()).classes == 10


def _check_scores(network: Network, state: TaskState) -> None:
    """A validator and the creator find the same scores again, with no more than their accounts' keys."""
    bundle = export(Node(network.net.url), network.deployment.addresses.arena.lower(), state.task)
    delivered = sum(len(handle.delivered) for handle in state.handles)
    for account, models in ((6, sum(len(handle.published) for handle in state.handles)), (CREATOR, delivered)):
        report = Report()
        rescore(bundle, open_store(network.store), network.signers[account].worker_secret(), "cpu", report)
        assert report.passed, report
        assert len(report.checks) == models


def _keeper_fees(network: Network, state: TaskState) -> Counter[str]:
    """What every account earned as a keeper."""
    fees: Counter[str] = Counter()
    for record in network.records():
        if record.name == "KeeperPaid":
            fees[record.arguments["keeper"]] += record.arguments["amount"]
    return fees


def _delegated(network: Network) -> int:
    stake = network.read(network.contracts.vault.call("stakeOf", network.signers[6].address))
    return int(stake["delegatedTokens"])


def _delegated_at_first() -> int:
    return 500 * TOKEN
