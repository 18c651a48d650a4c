"""Custody as the deployment scripts leave it, with plain accounts in the place of engines."""

import pytest

UNBONDING = 7 * 24 * 3600
SUPPLY = 10**27
PURSE = 10**24


@pytest.fixture(scope="module")
def token(accounts, CoveyToken):
    token = accounts[0].deploy(CoveyToken, accounts[0], SUPPLY)
    for account in accounts[1:5]:
        token.transfer(account, PURSE, {"from": accounts[0]})
    return token


@pytest.fixture(scope="module")
def vault(accounts, token, StakeVault):
    return accounts[0].deploy(StakeVault, token, UNBONDING)


@pytest.fixture(scope="module")
def ledger(accounts, token, Ledger):
    return accounts[0].deploy(Ledger, token)


@pytest.fixture(autouse=True)
def isolate(fn_isolation):
    """Every test starts from the chain as the module's fixtures left it."""


@pytest.fixture
def engine(accounts):
    return accounts[9]


@pytest.fixture
def operator(accounts):
    return accounts[1]
