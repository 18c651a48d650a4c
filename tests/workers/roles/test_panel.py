"""How validators judge models: what is wrong with one is wrong with it for everybody, and all count alike."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak

from covey.learning.architectures import Linear, Mlp
from covey.learning.artefact import encode
from covey.learning.data import Dataset, encode_shard, load_digits, split_for_task
from covey.learning.families import family_of
from covey.learning.task import TaskSpec, TrainOptions
from covey.learning.training import fit, untrained
from covey.protocol.lanes import MALFORMED, UNAVAILABLE, unpack
from covey.roles.panel import Rejected, Seat, judge, read_model, read_shard, vector_of
from covey.roles.task import Publication
from covey.sealing import Audience, BadKey, BoxContext, KeyPair, SealedModel, seal_model, seal_shard
from covey.storage import Store, open_store

ARENA = "0x" + "11" * 20
VALIDATORS = [KeyPair.from_seed(bytes([i + 1]) * 32) for i in range(3)]
CREATOR = KeyPair.from_seed(b"c" * 32)
AUDIENCE = Audience(BoxContext(1, ARENA, 5, 0), tuple(v.public for v in VALIDATORS), CREATOR.public)


@dataclass(frozen=True)
class Round:
    store: Store
    shard: Dataset
    spec: TaskSpec
    artefact: bytes

    def seat(self, index: int) -> Seat:
        return Seat(index, VALIDATORS[index], AUDIENCE, self.spec)

    def sealed(self, artefact: bytes) -> SealedModel:
        return seal_model(artefact, keccak(artefact), self.spec.family, AUDIENCE)

    def publish(self, sealed: SealedModel, manifest: bytes | None = None) -> Publication:
        """Stores a model; `manifest` replaces its manifest's bytes."""
        self.store.put(sealed.ciphertext)
        data = sealed.manifest.encode() if manifest is None else manifest
        return Publication(
            handle=0,
            lane=0,
            manifest_hash=keccak(data),
            plaintext_hash=sealed.published.plaintext_hash,
            creator_box_hash=sealed.published.creator_box_hash,
            cid=self.store.put(data),
            first_round=0,
        )

    def scores(self, publication: Publication) -> list[int]:
        """What each validator gives a model."""
        models = [read_model(publication, self.seat(i), self.store) for i in range(3)]
        return [judge([model], self.shard, self.spec, "cpu")[0].score for model in models]


@pytest.fixture(scope="module")
def learned() -> tuple[Dataset, TaskSpec, bytes]:
    split = split_for_task(load_digits(), 2, b"seed")
    spec = family_of("image-classification").task(split.train)
    model = fit(split.train, spec, TrainOptions(Linear(), epochs=3, device="cpu"), lambda report: None)
    return split.shards[0], spec, encode(model)


@pytest.fixture
def round_(learned: tuple[Dataset, TaskSpec, bytes], tmp_path: Path) -> Round:
    return Round(open_store(f"dir:{tmp_path}"), *learned)


def test_all_validators_give_an_honest_model_the_same_score(round_: Round) -> None:
    scores = round_.scores(round_.publish(round_.sealed(round_.artefact)))
    assert len(set(scores)) == 1
    assert scores[0] > 20_000


def test_a_round_of_different_models_gives_one_vector(round_: Round) -> None:
    architectures = (Linear(), Mlp(hidden=(16,)), Mlp(hidden=(8, 8)), Linear())
    models = [encode(untrained(round_.spec, a, seed)) for seed, a in enumerate(architectures)] + [round_.artefact]
    published = [round_.publish(round_.sealed(model)) for model in models]
    vectors = []
    for index in range(3):
        read = [read_model(p, round_.seat(index), round_.store) for p in published]
        vectors.append(vector_of(judge(read, round_.shard, round_.spec, "cpu")))
    assert len(set(vectors)) == 1
    assert max(unpack(vectors[0], 5)) == unpack(vectors[0], 5)[4]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: pickle.dumps({"weights": 1}),
        lambda a: b"PK\x03\x04" + a,
        lambda a: a[:-1],
        lambda a: a + b"\0",
        lambda a: b"",
        lambda a: a[:40] + bytes([a[40] ^ 1]) + a[41:],
    ],
)
def test_bytes_that_are_no_model_are_malformed(round_: Round, spoil: Callable[[bytes], bytes]) -> None:
    assert round_.scores(round_.publish(round_.sealed(spoil(round_.artefact)))) == [MALFORMED] * 3


def test_one_bad_box_makes_a_model_malformed_for_everybody(round_: Round) -> None:
    sealed = round_.sealed(round_.artefact)
    for victim in range(3):
        boxes = list(sealed.manifest.boxes)
        boxes[victim] = boxes[victim][:-1] + bytes([boxes[victim][-1] ^ 1])
        spoilt = sealed.manifest.model_copy(update={"boxes": tuple(boxes)})
        assert round_.scores(round_.publish(sealed, spoilt.encode())) == [MALFORMED] * 3


def test_a_creators_box_that_does_not_match_is_malformed(round_: Round) -> None:
    publication = replace(round_.publish(round_.sealed(round_.artefact)), creator_box_hash=bytes(32))
    assert round_.scores(publication) == [MALFORMED] * 3


def test_a_model_whose_hash_differs_is_malformed(round_: Round) -> None:
    sealed, other = round_.sealed(round_.artefact), round_.sealed(b"another model")
    promised = other.manifest.artefact.model_copy(update={"plaintext_hash": sealed.published.plaintext_hash})
    swapped = other.manifest.model_copy(update={"artefact": promised})
    for publication, reason in (
        (replace(round_.publish(sealed), plaintext_hash=bytes(32)), "the manifest's plaintext hash is"),
        (replace(round_.publish(sealed), manifest_hash=bytes(32)), "not the one that was published"),
        (
            replace(round_.publish(other, swapped.encode()), plaintext_hash=sealed.published.plaintext_hash),
            "opens to another model than the published one",
        ),
    ):
        model = read_model(publication, round_.seat(0), round_.store)
        assert isinstance(model, Rejected)
        assert reason in model.reason
        assert round_.scores(publication) == [MALFORMED] * 3


def test_a_manifest_of_another_round_is_malformed(round_: Round) -> None:
    other = Audience(BoxContext(1, ARENA, 5, 1), AUDIENCE.validators, AUDIENCE.creator)
    sealed = seal_model(round_.artefact, b"k" * 32, round_.spec.family, other)
    assert round_.scores(round_.publish(sealed)) == [MALFORMED] * 3


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[" * 1000, b'{"version":1}', b" " * 70_000])
def test_a_manifest_that_is_none_is_malformed(round_: Round, manifest: bytes) -> None:
    assert round_.scores(round_.publish(round_.sealed(round_.artefact), manifest)) == [MALFORMED] * 3


@pytest.mark.parametrize("cid", ["", "nonsense", "ipfs://x", "b" * 128])
def test_a_cid_that_is_none_is_malformed(round_: Round, cid: str) -> None:
    publication = replace(round_.publish(round_.sealed(round_.artefact)), cid=cid)
    assert round_.scores(publication) == [MALFORMED] * 3


def test_what_is_not_in_the_store_is_unavailable(round_: Round, tmp_path: Path) -> None:
    publication = round_.publish(round_.sealed(round_.artefact))
    empty = replace(round_, store=open_store(f"dir:{tmp_path / 'empty'}"))
    assert empty.scores(publication) == [UNAVAILABLE] * 3


def test_a_ciphertext_that_is_withheld_is_unavailable(round_: Round, tmp_path: Path) -> None:
    elsewhere = replace(round_, store=open_store(f"dir:{tmp_path / 'other'}"))
    sealed = round_.sealed(round_.artefact)
    elsewhere.store.put(sealed.manifest.encode())
    assert elsewhere.scores(round_.publish(sealed)) == [UNAVAILABLE] * 3


def test_a_model_too_large_for_the_task_is_malformed(round_: Round) -> None:
    small = replace(round_.spec, limits=replace(round_.spec.limits, max_artefact_bytes=1000))
    publication = round_.publish(round_.sealed(round_.artefact))
    assert replace(round_, spec=small).scores(publication) == [MALFORMED] * 3


class TestShard:
    def test_is_read_with_its_key(self, round_: Round) -> None:
        sealed = seal_shard(encode_shard(round_.shard), b"k" * 32)
        shard = read_shard(sealed.ciphertext, b"k" * 32, sealed.commitment, round_.spec)
        assert shard is not None
        assert (shard.y == round_.shard.y).all()

    def test_another_key_is_not_the_creators_fault(self, round_: Round) -> None:
        sealed = seal_shard(encode_shard(round_.shard), b"k" * 32)
        with pytest.raises(BadKey):
            read_shard(sealed.ciphertext, b"l" * 32, sealed.commitment, round_.spec)

    @pytest.mark.parametrize("plaintext", [b"", b"nonsense", pickle.dumps([1, 2])])
    def test_committed_nonsense_is_an_invalid_data_set(self, round_: Round, plaintext: bytes) -> None:
        sealed = seal_shard(plaintext, b"k" * 32)
        assert read_shard(sealed.ciphertext, b"k" * 32, sealed.commitment, round_.spec) is None

    def test_a_plaintext_other_than_promised_is_an_invalid_data_set(self, round_: Round) -> None:
        sealed = seal_shard(encode_shard(round_.shard), b"k" * 32)
        promised = replace(sealed.commitment, plaintext_hash=bytes(32))
        assert read_shard(sealed.ciphertext, b"k" * 32, promised, round_.spec) is None

    def test_another_tasks_data_is_an_invalid_data_set(self, round_: Round) -> None:
        sealed = seal_shard(encode_shard(round_.shard), b"k" * 32)
        other = replace(round_.spec, input_shape=(1, 4, 4))
        assert read_shard(sealed.ciphertext, b"k" * 32, sealed.commitment, other) is None


def test_a_rejected_model_keeps_its_place(round_: Round) -> None:
    models = [Rejected(UNAVAILABLE, "gone"), round_.artefact, Rejected(MALFORMED, "bad"), round_.artefact]
    verdicts = judge(models, round_.shard, round_.spec, "cpu")
    assert [v.score for v in verdicts[::2]] == [UNAVAILABLE, MALFORMED]
    assert verdicts[1] == verdicts[3]
