import pytest

from avasanj.database import Database
from tests.scoring.reviews.center import Center, open_center


@pytest.fixture
def center(database: Database) -> Center:
    return open_center(database)
