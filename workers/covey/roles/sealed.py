"""Who the models of a round are encrypted to, and the keys with which a validator and the creator open them."""

from covey.journal import Purpose, Scope, Secret, derive
from covey.protocol.commitments import Domain
from covey.roles.task import TaskState
from covey.sealing import Audience, BoxContext, KeyPair


def audience_of(domain: Domain, state: TaskState, round_: int, creator_key: bytes) -> Audience:
    """The validators, in the order of their places, and the creator. To be asked once Enrol closed."""
    context = BoxContext(domain.chain_id, domain.arena, state.task, round_)
    keys = tuple(member.box_key for member in state.validators if member.box_key is not None)
    return Audience(context, keys, creator_key)


def validator_keys(domain: Domain, task: int, secret: Secret) -> KeyPair:
    """What opens the models of a task to the validator whose secret it is."""
    return KeyPair.from_seed(Scope(domain.chain_id, domain.arena, task, "validator").derive(secret, Purpose.BOX_KEY))


class CreatorSecrets:
    """What a creator keeps secret about one task, derived from its secret and the task's public nonce."""

    def __init__(self, domain: Domain, secret: Secret, nonce: bytes) -> None:
        self._secret = secret
        self._place = (domain.chain_id, domain.arena.lower(), "creator", nonce)

    @property
    def split_seed(self) -> bytes:
        return derive(self._secret, *self._place, "split")

    @property
    def box_keys(self) -> KeyPair:
        """What opens the models that were delivered to the creator."""
        return KeyPair.from_seed(derive(self._secret, *self._place, "box key"))

    def shard_key(self, round_: int) -> bytes:
        return derive(self._secret, *self._place, "shard key", round_)
