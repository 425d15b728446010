"""The floor: migrations, phone numbers, Persian text."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, inspect, text

from avasanj import migrate, work
from avasanj.database import Base, Database
from avasanj.errors import LastingError
from avasanj.persian import name_key, normalise
from avasanj.phone import display, to_e164


def test_every_migration_goes_up_and_down_again(database_url: str) -> None:
    engine = create_engine(database_url)
    migrate.downgrade(database_url, "base")
    assert not set(migrate.SCHEMAS) & set(inspect(engine).get_schema_names())
    migrate.upgrade(database_url)
    assert migrate.current(engine) == migrate.head()
    engine.dispose()


def test_migrated_tables_are_the_ones_in_the_code(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    migrate.import_tables()
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name in migrate.SCHEMAS,
                "compare_type": True,
            },
        )
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_newer_database_is_left_alone(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(LastingError, match=r"version 9999, newer than this program's"):
        migrate.upgrade(database_url)
    engine.dispose()


@pytest.mark.parametrize(
    "written",
    [
        "09120000042",
        "۰۹۱۲۰۰۰۰۰۴۲",
        "٠٩١٢٠٠٠٠٠٤٢",
        "+989120000042",
        "00989120000042",
        "989120000042",
        "9120000042",
        "0912 000 0042",
        "0912-000-0042",
        "(0912) 0000042",
    ],
)
def test_one_mobile_number_in_ten_formats_is_one_number(written: str) -> None:
    assert to_e164(written, "IR") == "+989120000042"


def test_local_numbers_get_the_centers_area_code() -> None:
    assert to_e164("88001234", "IR", area_code="021") == "+982188001234"
    assert to_e164("1001", "IR") is None


@pytest.mark.parametrize("hidden", [None, "", "anonymous", "<unknown>", "s", "not a number"])
def test_a_hidden_number_is_no_number(hidden: str | None) -> None:
    assert to_e164(hidden, "IR") is None


def test_numbers_are_shown_as_people_write_them() -> None:
    assert display("+989120000042", "IR") == "0912 000 0042"
    assert display("+14165550142", "IR") == "+1 416-555-0142"


def test_spellings_of_one_persian_name_are_equal() -> None:
    assert len({name_key(n) for n in ["علی‌رضا", "علي رضا", "علیرضا", "عليرضا", "علـیرضا"]}) == 1
    assert normalise("می‌خواهم ۱۲٣") == "می خواهم 123"


def test_a_job_asked_for_twice_with_one_key_starts_once_and_only_if_committed(database: Database) -> None:
    with database.transaction() as session:
        work.enqueue(session, work.INTAKE, "call-1", key="intake:call-1")
        work.enqueue(session, work.INTAKE, "call-1", key="intake:call-1")
    with database.read() as session:
        work.enqueue(session, work.INTAKE, "call-2", key="intake:call-2")
        session.flush()
    with database.read() as session:
        assert session.scalars(text("select workflow_uuid from work.workflow_status")).all() == ["intake:call-1"]


def test_an_agents_name_becomes_a_line_and_their_calls_stay_theirs(database_url: str) -> None:
    engine = create_engine(database_url)
    migrate.downgrade(database_url, "0005")
    with engine.begin() as connection:
        people = 'insert into avasanj."user" (id, login, name, role, agent_name, language, active, created_at) values '
        connection.execute(
            text(
                people + "(gen_random_uuid(), 'sara', 'Sara', 'agent', 'Sara A.', 'fa', true, now()),"
                "(gen_random_uuid(), 'left', 'Left', 'agent', 'Sara A.', 'fa', false, '2020-01-01'),"
                "(gen_random_uuid(), 'none', 'None', 'agent', '', 'fa', true, now())"
            )
        )
        call = (
            "insert into telephony.call (id, pbx, linked_id, source, direction, state, started_at, hold_s, holds, transfers,"
            " complete, updated_at) values (gen_random_uuid(), 'pbx', '1', 'live', 'inbound', 'ended', now(), 0, 0, 0, true, now())"
        )
        connection.execute(text(call))
        spans = "insert into telephony.agent_span (call_id, position, interface, agent_name, started_at, hold_s)"
        for position, name in enumerate(("Sara A.", "Ali")):
            values = {"position": position, "name": name}
            connection.execute(text(f"{spans} select id, :position, 'x', :name, now(), 0 from telephony.call"), values)
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        lines = connection.execute(
            text('select login, line from telephony.agent_line join avasanj."user" on "user".id = user_id')
        ).all()
        own = connection.execute(
            text(
                'select login from telephony.agent_span left join avasanj."user" on "user".id = user_id order by position'
            )
        ).all()
    assert [tuple(row) for row in lines] == [("sara", "Sara A.")]
    assert [row[0] for row in own] == ["sara", None]
    migrate.downgrade(database_url, "0005")
    with engine.connect() as connection:
        named = connection.execute(text("select agent_name from avasanj.\"user\" where login = 'sara'")).scalar()
    assert named == "Sara A."
    engine.dispose()
