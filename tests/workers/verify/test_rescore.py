"""Models of a real task, scored again from the store by those they were encrypted to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from eth_hash.auto import keccak
from typer.testing import CliRunner

from covey.cli.exits import Exit
from covey.cli.main import app
from covey.learning.artefact import encode
from covey.learning.data import Split, encode_shard, load_digits, split_for_task
from covey.learning.families import family_of
from covey.learning.scoring import score_models
from covey.learning.task import TaskSpec
from covey.learning.training import untrained
from covey.protocol.commitments import Shard
from covey.roles.description import Content, Description, put_description
from covey.roles.sealed import CreatorSecrets, validator_keys
from covey.sealing import Audience, BoxContext, seal_model, seal_shard
from covey.storage import Missing
from covey.storage.local import LocalStore
from covey.verify.bundle import ArenaBundle, write_bundle
from covey.verify.check import verify
from covey.verify.export import export
from covey.verify.report import Report
from covey.verify.rescore import RescoreError, rescore
from covey.verify.rpc import Node
from covey.wallet import Signer
from tests.workers.verify.stories import SMALL, masked
from tests.workers.verify.world import Model, Run, World, secret

NONCE = secret("nonce of the task")


def worker(name: str) -> Signer:
    """Whose key a worker was run with."""
    return Signer(secret("worker", name))


CREATOR, STRANGER = worker("creator"), worker("stranger")


@dataclass
class SealedRun(Run):
    """A task on real data, whose contents are in a store."""

    store: LocalStore | None = None
    data: Split | None = None

    @property
    def spec(self) -> TaskSpec:
        assert self.data is not None
        return family_of("image-classification").task(self.data.train)

    @property
    def uri(self) -> str:
        assert self.store is not None
        assert self.data is not None
        training = encode_shard(self.data.train)
        shards = [seal_shard(encode_shard(shard), self.shard_key(r)) for r, shard in enumerate(self.data.shards)]
        description = Description(
            title="digits",
            task=self.spec,
            training=Content(cid=self.store.put(training), size=len(training)),
            shards=tuple(Content(cid=self.store.put(s.ciphertext), size=len(s.ciphertext)) for s in shards),
            creator_key=self.creator_key,
            nonce=NONCE,
        )
        return put_description(description, self.store)

    @property
    def shards(self) -> list[Shard]:
        assert self.data is not None
        sealed = [seal_shard(encode_shard(shard), self.shard_key(r)) for r, shard in enumerate(self.data.shards)]
        return [Shard(s.commitment.ciphertext_hash, s.commitment.plaintext_hash, s.commitment.key_hash) for s in sealed]

    @property
    def creator_key(self) -> bytes:
        return CreatorSecrets(self.world.domain, CREATOR.worker_secret(), NONCE).box_keys.public

    def box_key(self, validator: str) -> bytes:
        return validator_keys(self.world.domain, self.task, worker(validator).worker_secret()).public

    def sealed(self, round: int, name: str, plaintext: bytes) -> Model:
        assert self.store is not None
        context = BoxContext(self.world.domain.chain_id, self.world.arena.address, self.task, round)
        audience = Audience(context, tuple(self.box_key(validator) for validator in self.validators), self.creator_key)
        model = seal_model(plaintext, secret("model key", self.task, name), self.spec.family, audience)
        self.store.put(model.ciphertext)
        return Model(
            manifest_hash=model.published.manifest_hash,
            plaintext_hash=keccak(plaintext),
            box=model.creator_box,
            salt=secret("salt", self.task, round, name),
            cid=self.store.put(model.manifest.encode()),
        )


@dataclass(frozen=True)
class Played:
    """A finished task and where its contents are."""

    bundle: ArenaBundle
    store: Path

    def report(self, signer: Signer) -> Report:
        report = verify(self.bundle)
        rescore(self.bundle, LocalStore(self.store), signer.worker_secret(), "cpu", report)
        return report


def play(world: World, folder: Path, cheat: Mapping[str, int]) -> Played:
    """Two linear models and one that is none, scored rightly but for `cheat`, on which all validators agree."""
    store, data = LocalStore(folder), split_for_task(load_digits(), rounds=1, seed=b"again")
    run = SealedRun(world, replace(SMALL, baseline=2), store=store, data=data)
    masked(run, 3, 3)
    architecture = family_of(run.spec.family).architecture("linear", None)
    artefacts = {f"t{i}": encode(untrained(run.spec, architecture, seed=i)) for i in range(2)} | {"t2": b"no model"}
    right = score_models(list(artefacts.values()), data.shards[0], run.spec, "cpu")
    scores = {name: score.score for name, score in zip(artefacts, right, strict=True)} | cheat
    run.play_round(0, artefacts, dict.fromkeys(run.validators, scores))
    run.open()
    run.deliver(0, run.winners(0)[0])
    return Played(export(Node(world.url), world.arena.address.lower(), run.task), folder)


@pytest.fixture(scope="module")
def honest(world: World, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(world, tmp_path_factory.mktemp("honest"), {})


@pytest.fixture(scope="module")
def cheated(world: World, tmp_path_factory: pytest.TempPathFactory) -> Played:
    return play(world, tmp_path_factory.mktemp("cheated"), {"t1": 32_000})


def again(report: Report) -> dict[str, bool]:
    found = [check for check in report.checks if check.group == "round 0: scored again"]
    return {check.subject.split(" (")[0]: check.passed for check in found}


def test_a_validator_finds_every_honest_score(honest: Played) -> None:
    report = honest.report(worker("v1"))
    assert report.passed
    assert again(report) == {"handle 0": True, "handle 1": True, "handle 2": True}


def test_the_creator_finds_the_scores_of_delivered_models(honest: Played) -> None:
    report = honest.report(CREATOR)
    assert report.passed
    assert len(again(report)) == 1
    assert any("2 models were not delivered" in note for note in report.notes)


def test_a_consensus_that_is_wrong_is_found(cheated: Played) -> None:
    assert verify(cheated.bundle).passed
    assert again(cheated.report(worker("v0"))) == {"handle 0": True, "handle 1": False, "handle 2": True}


def test_nothing_is_encrypted_to_a_stranger(honest: Played) -> None:
    with pytest.raises(RescoreError, match="neither a validator"):
        honest.report(STRANGER)


def test_an_empty_store_is_named(honest: Played, tmp_path: Path) -> None:
    with pytest.raises(Missing):
        rescore(honest.bundle, LocalStore(tmp_path), CREATOR.worker_secret(), "cpu", Report())


def test_the_command(honest: Played, cheated: Played, tmp_path: Path) -> None:
    def command(played: Played, signer: Signer) -> tuple[int, str]:
        path = tmp_path / "bundle.json"
        path.write_bytes(write_bundle(played.bundle))
        arguments = ["verify", str(path), "--rescore", "--device", "cpu", "--json"]
        key = signer.export().reveal().hex()
        environment = {"COVEY_HOME": str(tmp_path), "COVEY_STORE": f"dir:{played.store}", "COVEY_KEY": key}
        result = CliRunner().invoke(app, arguments, env=environment | {"COVEY_KEYSTORE": None})
        return result.exit_code, result.stdout or result.stderr

    for played, signer, status in (
        (honest, worker("v2"), Exit.OK),
        (honest, CREATOR, Exit.OK),
        (cheated, worker("v2"), Exit.FAILED),
    ):
        code, out = command(played, signer)
        assert code == status
        assert "round 0: scored again" in {check["group"] for check in json.loads(out)["checks"]}
    code, err = command(honest, STRANGER)
    assert code == Exit.SETUP
    assert "--keystore" in err
