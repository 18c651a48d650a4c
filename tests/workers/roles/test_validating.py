"""A validator is never late because of a trainer whose model does not come."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path

from covey.protocol.lanes import MALFORMED, UNAVAILABLE
from covey.roles.config import Notice, ValidatorConfig
from covey.roles.context import Context, opened
from covey.roles.decision import Step, act
from covey.roles.outcome import Local
from covey.roles.sealed import CreatorSecrets, audience_of, validator_keys
from covey.roles.validating import ValidatorRole
from covey.sealing import seal_model
from tests.e2e.network import Network
from tests.workers.roles.models import put
from tests.workers.roles.script import PARAMS, TASK, Script


def enrolled(network: Network, context: Context) -> Script:
    """A task with the hidden data of a real one, whose third validator is the context's account."""
    real = network.state(network.post(rounds=PARAMS.rounds))
    script = Script(network.signers[0].address, real.uri)
    names = ("ciphertextHash", "plaintextHash", "keyHash")
    shards = [dict(zip(names, asdict(shard).values(), strict=True)) for shard in real.shards]
    params = dict(enumerate(PARAMS.to_abi()))
    script.add("TaskCreated", creator=network.signers[0].address, params=params, shards=shards, uri=real.uri)
    keys = validator_keys(context.domain, TASK, context.secret)
    who = context.address
    return script.enrolled(validators=2).add(
        "ValidatorEnrolled", index=2, operator=who, hotKey=who, stake=100, boxKey=keys.public
    )


def test_a_model_that_never_arrives_costs_its_author_alone(tmp_path: Path) -> None:
    notices: list[Notice] = []
    folder = tmp_path / "network"
    folder.mkdir()
    with Network(folder, accounts=2) as network:
        config = replace(network.config(1), folder=tmp_path / "worker")
        with opened(config, notices.append) as context:
            script = enrolled(network, context).drawn()
            for handle, address in enumerate((context.address, network.signers[0].address)):  # any two
                known = {"handle": address, "tag": bytes(32), "openCommitment": bytes(32), "relay": address}
                script.add("HandleRegistered", index=handle, ring=0, **known)
            script.submit(0, 0).submit(1, 0)
            description = context.describe(script.state)
            audience = audience_of(context.domain, script.state, 0, description.creator_key)
            secrets = CreatorSecrets(context.domain, network.signers[0].worker_secret(), description.nonce)
            store = network.folder / "store"
            for handle in range(2):
                sealed = seal_model(b"no model" * 100, bytes([handle]) * 32, "image-classification", audience)
                script.publish(handle, 0, **put(sealed, store))
            script.add("KeyPosted", round=0, key=secrets.shard_key(0))

            cid = script.state.rounds[0].publications[0].cid
            (content,) = store.glob(f"*/{cid}/*")
            content.unlink()
            os.mkfifo(content)  # whoever reads it waits for a writer
            role = ValidatorRole(context, ValidatorConfig(config, TASK))
            (score,) = act(Step.SCORE, 0).acts
            assert role.perform(script.view(), score) is Local.PENDING
            assert context.wake.wait(60)
            late = script.view().schedule.score_end(0) - 1
            assert role.perform(script.view(late), score) is Local.DONE
            assert role.decide(script.view()) == act(Step.COMMIT, 0)
    verdicts = {notice.facts["handle"]: notice.facts["score"] for notice in notices if "score" in notice.facts}
    assert verdicts == {0: UNAVAILABLE, 1: MALFORMED}
