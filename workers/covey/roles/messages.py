"""A handle's messages: what it signs, as the calls of the Arena that anybody may send for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from covey.chain.contract import Call, Contract
from covey.journal import Purpose, Scope, Secret
from covey.protocol import ring, rings
from covey.protocol.commitments import PASS, Domain, Publication, Submission, open_commitment
from covey.roles.task import TaskState
from covey.sealing import Published
from covey.wallet import Signer


@dataclass(frozen=True)
class HandleKeys:
    """Everything secret about one trainer's handle in one task, derived from the trainer's secret."""

    scope: Scope
    secret: Secret

    @property
    def signer(self) -> Signer:
        return Signer(self.scope.signing_key(self.secret, Purpose.HANDLE_KEY))

    @property
    def open_nonce(self) -> bytes:
        return self.scope.derive(self.secret, Purpose.OPEN_NONCE)

    def salt(self, round_: int, manifest_hash: bytes) -> bytes:
        """Of the commitment to a manifest."""
        return self.scope.derive(self.secret, Purpose.SALT, round_, manifest_hash)

    def model_key(self, round_: int, plaintext_hash: bytes) -> bytes:
        """That a model is encrypted under."""
        return self.scope.derive(self.secret, Purpose.MODEL_KEY, round_, plaintext_hash)


class HandleMessages:
    """Makes one handle's messages. Every one is the same again whenever it is made from the same state."""

    def __init__(self, arena: Contract, domain: Domain, keys: HandleKeys) -> None:
        self._arena = arena
        self._domain = domain
        self._keys = keys
        self._signer = keys.signer

    @property
    def address(self) -> str:
        return self._signer.address

    def mask(self, state: TaskState, member: int, trainer_key: Secret, operator: str) -> Call:
        """Registers the handle, by a ring signature with the trainer's key."""
        if state.seed is None:
            raise ValueError("the rings are not drawn yet")
        number = rings.ring_of(state.seed, len(state.trainers), member)
        members = rings.members(state.seed, len(state.trainers), number)
        keys = [_encoded(state.trainers[i].public_key) for i in members]
        commitment = open_commitment(operator, self._keys.open_nonce)
        signature = ring.sign(
            trainer_key.reveal(),
            keys,
            self._domain.ring_message(state.task, self.address, commitment),
            self._domain.ring_scope(state.task),
        )
        consent = self._signer.sign_typed_data(self._domain.mask(state.task, commitment))
        return self._arena.call(
            "registerHandle", state.task, number, self.address, commitment, consent, signature.to_abi()
        )

    def submit(self, state: TaskState, index: int, round_: int, manifest_hash: bytes | None, expiry: int) -> Call:
        """Commits finally to a manifest, or passes (None)."""
        commitment = PASS
        if manifest_hash is not None:
            salt = self._keys.salt(round_, manifest_hash)
            commitment = self._domain.commitment(state.task, round_, self.address, manifest_hash, salt)
        nonce = state.handles[index].messages
        message = Submission(state.task, index, round_, commitment, last=True, nonce=nonce, expiry=expiry)
        return self._arena.call("submit", tuple(asdict(message).values()), self._sign(self._domain.submit(message)))

    def publish(self, state: TaskState, index: int, round_: int, published: Published, cid: str, expiry: int) -> Call:
        """Opens the commitment of a round; proves an earlier round in which the same model was published, if any."""
        handle = state.handles[index]
        same = [r for r, p in handle.published.items() if p.plaintext_hash == published.plaintext_hash and r < round_]
        first = min(same, default=round_)
        message = Publication(
            task=state.task,
            index=index,
            round=round_,
            manifest_hash=published.manifest_hash,
            plaintext_hash=published.plaintext_hash,
            creator_box_hash=published.creator_box_hash,
            salt=self._keys.salt(round_, published.manifest_hash),
            cid=cid,
            first_round=first,
            nonce=handle.messages,
            expiry=expiry,
        )
        earlier = (bytes(32), bytes(32))
        if first != round_:
            earlier = (handle.published[first].creator_box_hash, handle.published[first].manifest_hash)
        signature = self._sign(self._domain.publish(message))
        return self._arena.call("publish", tuple(asdict(message).values()), earlier, signature)

    def _sign(self, message: dict[str, object]) -> bytes:
        return self._signer.sign_typed_data(message)


def _encoded(public_key: tuple[int, int] | None) -> bytes:
    if public_key is None:
        raise ValueError("a trainer's event shows no public key")
    return public_key[0].to_bytes(32) + public_key[1].to_bytes(32)
