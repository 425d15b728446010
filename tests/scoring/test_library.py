"""The center's scorecards in a real database: taken in, published, retired, given out again."""

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from avasanj.database import Database
from avasanj.errors import InputError
from scoring import library
from scoring.card_faults import CardError
from scoring.card_file import SHIPPED, shipped_text
from scoring.tables import CardState, CardVersion

FIRST = shipped_text("service")
SECOND = FIRST.replace("version: 1", "version: 2").replace("Service call", "Service call (new)")


def states(database: Database, key: str = "service") -> dict[int, str]:
    with database.read() as session:
        return {one.version: one.state for one in library.versions(session, key)}


def import_card(database: Database, text: str) -> str:
    with database.transaction() as session:
        return library.import_card(session, text, "card.yaml").done


@pytest.fixture
def shelf(database: Database) -> Database:
    library.ensure_shipped(database)
    return database


def test_at_first_start_the_shipped_ones_are_there_and_one_is_in_use(shelf: Database):
    library.ensure_shipped(shelf)
    with shelf.read() as session:
        rows = library.versions(session)
        assert {row.key: row.state for row in rows} == {
            name: "published" if name == "service" else "draft" for name in SHIPPED
        }
        assert [card.key for card in library.published(session)] == ["service"]


def test_a_person_who_retired_all_does_not_find_them_back(shelf: Database):
    with shelf.transaction() as session:
        library.retire(session, "service")
    library.ensure_shipped(shelf)
    assert states(shelf) == {1: "retired"}


@pytest.mark.parametrize("name", SHIPPED)
def test_what_goes_in_comes_out_to_the_letter(shelf: Database, name: str):
    with shelf.read() as session:
        assert library.find(session, name).source == shipped_text(name)
    assert import_card(shelf, shipped_text(name)) == "unchanged"


def test_publishing_a_version_retires_the_one_before_and_it_can_come_back(shelf: Database):
    assert import_card(shelf, SECOND) == "added"
    assert states(shelf) == {1: "published", 2: "draft"}
    with shelf.transaction() as session:
        assert library.publish(session, "service").version == 2
    assert states(shelf) == {1: "retired", 2: "published"}
    with shelf.transaction() as session:
        library.publish(session, "service", 1)
    assert states(shelf) == {1: "published", 2: "retired"}
    with shelf.read() as session:
        retired = library.card_of(session, "service", 2)
        assert retired is not None
        assert retired.title["en"] == "Service call (new)"


def test_a_draft_can_change_and_what_calls_were_scored_by_can_not(shelf: Database):
    import_card(shelf, SECOND)
    assert import_card(shelf, SECOND.replace("call (new)", "call (newer)")) == "replaced"
    with pytest.raises(InputError, match=r"version 1 of service was published and can't change.*version: 3"):
        import_card(shelf, FIRST.replace("Service call", "Other"))
    with shelf.read() as session:
        assert library.find(session, "service", 1).source == FIRST


def test_a_faulty_file_changes_nothing(shelf: Database):
    with pytest.raises(CardError, match="line"):
        import_card(shelf, SECOND.replace("weight: 20", "weight: 30"))
    assert states(shelf) == {1: "published"}


def test_what_is_not_there_is_told_with_what_is(shelf: Database):
    with shelf.read() as session:
        with pytest.raises(InputError, match=r"no scorecard nobody.*collections, promises"):
            library.find(session, "nobody")
        with pytest.raises(InputError, match=r"no version 7 of service.*: 1"):
            library.find(session, "service", 7)
        with pytest.raises(InputError, match="no draft to publish"):
            library.publish(session, "service")
        with pytest.raises(InputError, match="No version of sales is published"):
            library.retire(session, "sales")


def test_two_published_versions_of_one_scorecard_are_refused_by_the_database_itself(shelf: Database):
    import_card(shelf, SECOND)
    both = update(CardVersion).where(CardVersion.key == "service").values(state=CardState.PUBLISHED)
    with shelf.read() as session, pytest.raises(IntegrityError):
        session.execute(both)
