"""Sending transactions so that each intent happens once, whatever dies in between.

Every signed attempt is in the journal before a node sees it. Whoever starts again finds it there and sends the same
bytes, or finds their receipt. A new nonce is used only once the old one is gone: taken on chain by a transaction that
isn't ours.
"""

import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from covey.chain import fees, queries
from covey.chain.attempts import Attempt, message_of, payload
from covey.chain.contract import Call
from covey.chain.errors import (
    BadArgument,
    ContractError,
    FeeTooHigh,
    InsufficientFunds,
    NonceContention,
    RpcGarbage,
    RpcRefused,
    TransactionReverted,
    TransactionStuck,
)
from covey.chain.fees import Offer
from covey.chain.gateway import Gateway
from covey.chain.mempool import Outcome, outcome
from covey.chain.queries import Message
from covey.chain.rpc import accepted
from covey.chain.wire import Head, Receipt
from covey.journal import Intent, Journal, State
from covey.wallet import Signer

_MAX_GAS = 1 << 24  # per transaction (EIP-7825)
_EMPTY_GAS = 21_000  # of a transaction that does nothing
_MAX_GAP = 16  # nonces filled at once
_MARKS = 1 << 20  # wei per gas
_SECOND_LOOK = 3.0  # seconds after the first, if no block comes before


@dataclass(frozen=True)
class SendPolicy:
    """How to send.

    `confirmations`: blocks to wait for on top of the transaction's. `timeout` in seconds, for one wait. A transaction
    that is not mined after `patience` blocks is replaced by one that offers `raise_percent` more, up to `replacements`
    times and never above `fee_limit` (wei per gas). `gas_margin` (%) is added to the gas estimate: members act in
    the same blocks, and who comes first pays for storage slots that the estimate saw others open. `tries` bounds how
    often another program may get in between.
    """

    confirmations: int = 0
    timeout: float = 300.0
    patience: int = 4
    raise_percent: int = 25
    replacements: int = 8
    fee_limit: int = 1_000 * 10**9
    gas_margin: int = 60
    tries: int = 8


class Sender:
    """Sends one account's transactions, for one worker. Threads may share it.

    An intent's key names exactly one deed: the journal refuses another call under the same key (IntentConflict). Raises
    ContractError if the contract would revert (nothing is sent), TransactionReverted if it did (the intent may be sent
    again), and TransactionStuck, FeeTooHigh, InsufficientFunds, NonceContention or RpcError (the intent goes on when it
    is sent again).
    """

    def __init__(self, gateway: Gateway, signer: Signer, journal: Journal, policy: SendPolicy = SendPolicy()) -> None:
        journal.bind(f"{signer.address} on chain {gateway.chain_id}")
        self.address = signer.address
        self._gateway = gateway
        self._signer = signer
        self._intents = journal.intents
        self._policy = policy
        self._lock = threading.RLock()
        self._in_flight: dict[str, int] = {}  # nonces of what this process has sent and not seen mined

    def send(self, key: str, call: Call) -> Receipt:
        """Sends `call` unless the journal knows that this was done; returns its receipt."""
        self.submit(key, call)
        return self.wait(key)

    def submit(self, key: str, call: Call) -> None:
        """As `send`, without waiting: several can be on their way at once. To be followed by `wait`."""
        with self._lock:
            intent = self._intents.plan(key, payload(call))
            if intent.state is State.PLANNED:
                self._start(key)
            elif intent.state is State.SENT:
                self._push(key, _attempts(intent)[-1])
            elif self._receipt_of(intent) is None:  # a reorganisation took it back
                self._intents.undo(key)
                self._push(key, _attempts(intent)[-1])

    def wait(self, key: str) -> Receipt:
        """Waits until an intent is mined and confirmed; replaces what is stuck. Raises BadArgument if not submitted."""
        deadline = time.monotonic() + self._policy.timeout
        head = self._gateway.heads.latest()
        since = head.number
        overtaken = False
        while True:
            attempts = _attempts(self._intents.get(key))
            if not attempts:
                raise BadArgument(f"intent {key!r} is not on its way: submit it first")
            mined, receipt = self._look(attempts, head)
            if receipt is not None:
                if receipt.block + self._policy.confirmations <= max(head.number, receipt.block):
                    return self._finish(key, receipt)
            elif all(attempt.nonce < mined for attempt in attempts):
                # Twice, because nodes behind one address may answer the parts of a question, each as far as it is.
                if overtaken:
                    with self._lock:
                        self._start(key)
                    since = head.number
                overtaken = not overtaken
            elif head.number - since >= self._policy.patience:
                live = [attempt for attempt in attempts if attempt.nonce >= mined]
                if not self._close_gap(min(attempt.nonce for attempt in live), head):
                    self._replace(key, live, head)
                since = head.number
            left = deadline - time.monotonic()
            if left <= 0:
                raise TransactionStuck(attempts[-1].hash, self._policy.timeout, len(attempts))
            head = self._gateway.wait_for_block(head, min(left, _SECOND_LOOK) if overtaken else left)

    def unfinished(self) -> tuple[str, ...]:
        """Keys of intents that were begun and are not known to be done."""
        return self._intents.unfinished()

    def latest(self, key: str) -> bytes | None:
        """The hash of the last transaction for an intent that is mined or may be; None if none was sent."""
        intent = self._intents.find(key)
        return _attempts(intent)[-1].hash if intent is not None and intent.attempts else None

    def _start(self, key: str) -> None:
        """Signs an intent's call with the next free nonce and sends it, again if another program takes that nonce."""
        message = message_of(self._intents.get(key).payload, self.address)
        lowest, extra = 0, 0
        for _ in range(self._policy.tries):
            pending, gas, offer = self._prepare(message)
            # What this process has sent and the node does not count (yet, or any more) comes first.
            nonce = max(pending, lowest, *(nonce + 1 for other, nonce in self._in_flight.items() if other != key))
            attempt = self._sign(message, nonce, gas, fees.raised(offer, extra))
            self._intents.attempt(key, attempt.encoded())
            result = self._push(key, attempt)
            if result is Outcome.ACCEPTED or self._is_mined(attempt):
                return
            if result is Outcome.NONCE_TAKEN:
                lowest = nonce + 1
            else:
                extra += self._policy.raise_percent
        raise NonceContention(self.address, self._policy.tries)

    def _prepare(self, message: Message) -> tuple[int, int, Offer]:
        """The next nonce, the gas limit and the fee for a call, asked for in one request."""
        block, (pending, estimate, tip) = self._gateway.rpc.try_with(
            queries.block("latest"),
            [queries.nonce(self.address, "pending"), queries.estimate_gas(message), queries.priority_fee()],
        )
        if isinstance(estimate, RpcRefused):
            if outcome(estimate) is Outcome.NO_FUNDS:
                raise InsufficientFunds(self.address, estimate.reason)
            raise self._gateway.refusal(estimate)
        head = accepted(block)
        if head is None:
            raise RpcGarbage("the node has no latest block: wait until it is in sync")
        gas = max(estimate, min(estimate * (100 + self._policy.gas_margin) // 100, head.gas_limit, _MAX_GAS))
        offer = self._quote(head, tip)
        needed = offer.most if offer.tip is None or head.base_fee is None else head.base_fee + offer.tip
        if needed > self._policy.fee_limit:
            raise FeeTooHigh(needed, self._policy.fee_limit)
        # Signing is deterministic: without a mark, another program's same call with the same nonce would be the same
        # transaction, and each would take it for its own.
        most = min(offer.most + secrets.randbelow(_MARKS), self._policy.fee_limit)
        return accepted(pending), gas, Offer(most, offer.tip)

    def _quote(self, head: Head, tip: int | RpcRefused) -> Offer:
        if head.base_fee is None:
            return fees.quote(None, self._gateway.rpc.ask(queries.gas_price()))
        return fees.quote(head.base_fee, fees.DEFAULT_TIP if isinstance(tip, RpcRefused) else tip)

    def _sign(self, message: Message, nonce: int, gas: int, offer: Offer) -> Attempt:
        fields: dict[str, object] = {
            "chainId": self._gateway.chain_id,
            "nonce": nonce,
            "gas": gas,
            "value": message.value,
            "data": message.data,
            **offer.fields(),
        }
        if message.to is not None:
            fields["to"] = message.to
        signed = self._signer.sign_transaction(fields)
        return Attempt(signed.hash, signed.raw, nonce, gas, offer)

    def _push(self, key: str, attempt: Attempt) -> Outcome:
        """Sends an attempt that is in the journal. Raises InsufficientFunds, RpcRefused for what time won't mend."""
        (answer,) = self._gateway.rpc.try_each([queries.send(attempt.raw)])
        result = outcome(answer) if isinstance(answer, RpcRefused) else Outcome.ACCEPTED
        if isinstance(answer, RpcRefused) and result is Outcome.NO_FUNDS:
            raise InsufficientFunds(self.address, answer.reason)
        if isinstance(answer, RpcRefused) and result is Outcome.REFUSED:
            raise answer
        if result is Outcome.ACCEPTED:
            self._in_flight[key] = attempt.nonce
        return result

    def _look(self, attempts: Sequence[Attempt], head: Head) -> tuple[int, Receipt | None]:
        """How many transactions of this account are mined up to `head`, and the receipt of the attempt that is, if any.

        Up to a block that was seen, because a node may count a block's nonces before it shows its receipts: whoever
        took "latest" for an answer would send what is mined a second time. A node that lacks the block can't tell: 0.
        """
        mined, receipts = self._gateway.rpc.try_with(
            queries.nonce(self.address, head.number), [queries.receipt(attempt.hash) for attempt in attempts]
        )
        found = next((receipt for receipt in map(accepted, receipts) if receipt is not None), None)
        return 0 if isinstance(mined, RpcRefused) else mined, found

    def _is_mined(self, attempt: Attempt) -> bool:
        """Whether an attempt whose nonce is taken took it itself, in a block that the node may not show yet."""
        head = self._gateway.head()
        for _ in range(self._policy.tries):
            mined, receipt = self._look([attempt], head)
            if receipt is not None or mined > attempt.nonce:
                return receipt is not None
            if self._gateway.rpc.ask(queries.nonce(self.address, "latest")) <= attempt.nonce:
                return False  # it is another's in the pool
            head = self._gateway.wait_for_block(head, _SECOND_LOOK)
        return False

    def _replace(self, key: str, live: Sequence[Attempt], head: Head) -> None:
        """Offers more for the attempts that may still be mined; sends the last again if no more can be offered."""
        last = live[-1]
        (tip,) = self._gateway.rpc.try_each([queries.priority_fee()])
        offer = fees.highest(fees.raised(last.offer, self._policy.raise_percent), self._quote(head, tip))
        with self._lock:
            if len(live) <= self._policy.replacements and offer.most <= self._policy.fee_limit:
                message = message_of(self._intents.get(key).payload, self.address)
                last = self._sign(message, last.nonce, last.gas, offer)
                self._intents.attempt(key, last.encoded())
            self._push(key, last)

    def _close_gap(self, nonce: int, head: Head) -> bool:
        """Sends what is missing before `nonce`, if anything is: the chain would wait for it for ever.

        A reorganisation or a restart of the node may have dropped it for good. What this process has on its way is sent
        again; in the place of the rest go empty transactions, which need no place in the journal as they do nothing.
        """
        with self._lock:
            first = self._gateway.rpc.ask(queries.nonce(self.address, "pending"))
            own = {nonce: key for key, nonce in self._in_flight.items()}
            for missing in range(first, min(nonce, first + _MAX_GAP)):
                if missing in own:
                    attempts = _attempts(self._intents.get(own[missing]))
                    self._push(own[missing], [attempt for attempt in attempts if attempt.nonce == missing][-1])
                else:
                    offer = self._quote(head, fees.DEFAULT_TIP)
                    empty = self._sign(Message(self.address, b""), missing, _EMPTY_GAS, offer)
                    self._gateway.rpc.try_each([queries.send(empty.raw)])
            return first < nonce

    def _finish(self, key: str, receipt: Receipt) -> Receipt:
        with self._lock:
            self._in_flight.pop(key, None)
        if receipt.succeeded:
            self._intents.finish(key, receipt.transaction)
            return receipt
        self._intents.reopen(key)
        message = message_of(self._intents.get(key).payload, self.address)
        raise TransactionReverted(receipt.transaction, self._cause(message, receipt.block))

    def _cause(self, message: Message, block: int) -> ContractError | None:
        """Why a call reverted in `block`, found by running it again around that block."""
        for answer in self._gateway.rpc.try_each([queries.call(message, block - 1), queries.call(message, block)]):
            if isinstance(answer, RpcRefused) and isinstance(cause := self._gateway.refusal(answer), ContractError):
                return cause
        return None

    def _receipt_of(self, intent: Intent) -> Receipt | None:
        return None if intent.result is None else self._gateway.receipt(intent.result)


def _attempts(intent: Intent) -> list[Attempt]:
    return [Attempt.decoded(content) for content in intent.attempts]
