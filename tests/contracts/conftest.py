"""Covey as its deployment plan leaves it, made with the code that Brownie compiles."""

import pytest
from brownie import project

from covey.chain import Parameters, plan

PARAMETERS = Parameters(unbonding=7 * 24 * 3600, min_phase=60)
PURSE = 10**24


@pytest.fixture(scope="module")
def covey(accounts):
    """Every contract of the plan, by name."""
    (sources,) = project.get_loaded_projects()
    contracts = {}
    for step in plan.steps(PARAMETERS, token=None, holder=accounts[0].address):
        addresses = {name: contract.address for name, contract in contracts.items()}
        contracts[step.contract] = accounts[0].deploy(sources[step.contract], *step.resolved(addresses))
    for account in accounts[1:6]:
        contracts["CoveyToken"].transfer(account, PURSE, {"from": accounts[0]})
    return contracts


@pytest.fixture(scope="module")
def token(covey):
    return covey["CoveyToken"]


@pytest.fixture(scope="module")
def vault(covey):
    return covey["StakeVault"]


@pytest.fixture(scope="module")
def ledger(covey):
    return covey["Ledger"]


@pytest.fixture(scope="module")
def arena(covey):
    return covey["Arena"]


@pytest.fixture(autouse=True)
def isolate(fn_isolation):
    """Every test starts from the chain as the module's fixtures left it."""


@pytest.fixture
def engine(accounts):
    return accounts[9]


@pytest.fixture
def operator(accounts):
    return accounts[1]
