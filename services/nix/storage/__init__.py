"""The disk that images lie on: room to build, generations that go, garbage."""
