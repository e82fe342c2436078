"""What all tests share: a property has no deadline, since a busy machine is no mistake of ours."""

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
