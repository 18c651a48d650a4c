"""The funded accounts of a local network. Their keys are public: never use them where money is real."""

from eth_account.hdaccount import key_from_seed, seed_from_mnemonic

MNEMONIC = "test test test test test test test test test test test junk"


def dev_keys(count: int, mnemonic: str = MNEMONIC) -> tuple[bytes, ...]:
    """The first `count` private keys (32 bytes each) at m/44'/60'/0'/0/i, the path that anvil and ganache use."""
    seed = seed_from_mnemonic(mnemonic, "")
    return tuple(key_from_seed(seed, f"m/44'/60'/0'/0/{index}") for index in range(count))
