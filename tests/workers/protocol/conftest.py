"""Property tests here have no time limit per example: the machine may be busy with other tests."""

from hypothesis import settings

settings.register_profile("protocol", deadline=None)
settings.load_profile("protocol")
