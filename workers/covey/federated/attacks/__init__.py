"""What malicious clients do, by name: with the updates that they send, or with the data that they train on.

Attackers know everything: the honest updates of the round, the rule, and how many they are themselves.
"""

from collections.abc import Mapping

from covey.federated.attacks.base import Attack, Scene
from covey.federated.attacks.data import flip_labels, plant_backdoor
from covey.federated.attacks.updates import (
    alie,
    as_trained,
    boosted,
    duplicated,
    free_ride,
    gaussian,
    inner_product,
    min_max,
    not_finite,
    sign_flip,
)

ATTACKS: Mapping[str, Attack] = {
    attack.name: attack
    for attack in (
        Attack("sign-flip", "five times the update, the other way", sign_flip),
        Attack("inner-product", "half of the honest mean, the other way", inner_product),
        Attack("alie", "the honest mean, less as many deviations as a majority would hide", alie),
        Attack("min-max", "as far from the honest mean as two honest updates are from each other", min_max),
        Attack("label-flip", "trained on wrong labels", as_trained, flip_labels),
        Attack("gaussian", "noise ten times as long as an update", gaussian),
        Attack("not-finite", "NaN and infinity, which the reader refuses", not_finite),
        Attack("free-rider", "the old model and a little noise", free_ride),
        Attack("backdoor", "trained to obey a trigger, boosted to replace the model", boosted, plant_backdoor),
        Attack("sybil", "one poisoned update under all names", duplicated, flip_labels),
    )
}

__all__ = ["ATTACKS", "Attack", "Scene"]
