"""The life of stake and of task money, end to end, through the contracts as Brownie compiles and deploys them."""

import brownie

CASE = 1
STAKE = 10**21
DEAD = "0x000000000000000000000000000000000000dEaD"


def stake(vault, token, operator, engine):
    token.approve(vault, STAKE, {"from": operator})
    vault.stake(STAKE, {"from": operator})
    vault.authorize(operator, b"", {"from": operator})
    vault.approveEngine(engine, STAKE, {"from": operator})


def test_stake_is_locked_slashed_and_what_remains_leaves_whole(vault, token, operator, engine):
    stake(vault, token, operator, engine)
    until = brownie.chain[-1].timestamp + vault.unbonding() // 2
    vault.lock(operator, CASE, STAKE, until, {"from": engine})
    before = token.balanceOf(operator)

    slashed = vault.slash(operator, CASE, STAKE // 4, {"from": engine})
    assert slashed.events["Slashed"]["amount"] == STAKE // 4
    assert token.balanceOf(DEAD) == STAKE // 4
    vault.release(operator, CASE, {"from": engine})

    shares = vault.positionOf(operator, operator)[0]
    epoch, tokens = vault.requestExit(operator, shares, {"from": operator}).return_value
    assert tokens == STAKE - STAKE // 4
    with brownie.reverts():
        vault.withdraw(operator, epoch, {"from": operator})

    brownie.chain.sleep(vault.maturityOf(epoch) - brownie.chain[-1].timestamp + 1)
    brownie.chain.mine()
    vault.withdraw(operator, epoch, {"from": operator})
    assert token.balanceOf(operator) == before + tokens
    assert token.balanceOf(vault) == 0


def test_an_engine_cannot_lock_more_than_it_was_allowed(vault, token, operator, engine):
    stake(vault, token, operator, engine)
    vault.approveEngine(engine, STAKE // 2, {"from": operator})
    with brownie.reverts():
        vault.lock(operator, CASE, STAKE, brownie.chain[-1].timestamp + 3600, {"from": engine})


def test_a_bounty_goes_from_credit_through_a_bucket_to_the_one_who_earned_it(ledger, token, accounts, engine):
    creator, trainer, bounty = accounts[2], accounts[3], 10**20
    token.approve(ledger, bounty, {"from": creator})
    ledger.deposit(bounty, {"from": creator})
    ledger.approve(engine, bounty, {"from": creator})

    ledger.charge(creator, CASE, bounty, {"from": engine})
    ledger.pay(CASE, trainer, bounty, {"from": engine})
    assert (ledger.creditOf(creator), ledger.bucketOf(engine, CASE)) == (0, 0)

    before = token.balanceOf(trainer)
    ledger.claim({"from": trainer})
    assert token.balanceOf(trainer) == before + bounty
    assert token.balanceOf(ledger) == 0
    with brownie.reverts():
        ledger.claim({"from": trainer})
