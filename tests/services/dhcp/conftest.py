import pytest

from tests.services.dhcp.router import Router


@pytest.fixture
def router() -> Router:
    return Router()
