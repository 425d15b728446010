"""Who is who on the seeded day, and under which ids its calls are found."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from avasanj.people import Role, User
from crm_sync.tables import Customer, CustomerPhone

PASSWORD = "long enough to keep"
_SPACE = uuid.UUID("6a7d2c2e-7c50-4a57-a9a8-3f0c8e4b9a11")


@dataclass(frozen=True, kw_only=True)
class Seeded:
    """Ids of what was made, by a short name."""

    admin: uuid.UUID
    supervisor: uuid.UUID
    agent: uuid.UUID
    calls: dict[str, uuid.UUID] = field(default_factory=dict)
    customers: dict[str, uuid.UUID] = field(default_factory=dict)
    follow_ups: dict[str, uuid.UUID] = field(default_factory=dict)


def call_id(name: str) -> uuid.UUID:
    return uuid.uuid5(_SPACE, name)


def add_people(session: Session, hashed: str) -> dict[str, uuid.UUID]:
    made = {
        "admin": User(login="admin", name="نرگس کاویانی", role=Role.ADMINISTRATOR, password_hash=hashed, language="fa"),
        "supervisor": User(
            login="super", name="Martin Hale", role=Role.SUPERVISOR, password_hash=hashed, language="en"
        ),
        "agent": User(
            login="agent",
            name="لیلا محمدی",
            role=Role.AGENT,
            password_hash=hashed,
            language="fa",
        ),
    }
    session.add_all(made.values())
    session.flush()
    return {key: user.id for key, user in made.items()}


def add_customers(session: Session, now: datetime.datetime) -> dict[str, Customer]:
    def one(name: str | None, *numbers: str, days: int = 400, sample: bool = False) -> Customer:
        phones = [CustomerPhone(e164=number) for number in numbers]
        return Customer(name=name, phones=phones, sample=sample, created_at=now - datetime.timedelta(days=days))

    made = {
        "sara": one("سارا احمدی", "+989125550134", "+982155501340", days=1500),
        "reza": one("رضا کریمی", "+989355550177"),
        "unnamed": one(None, "+989195550162", days=2),
        "olivia": one("Olivia Brandt", "+14165550127", sample=True),
        "father": one("خانواده نوری (پدر)", "+982155501999"),
        "daughter": one("خانواده نوری (دختر)", "+982155501999"),
    }
    session.add_all(made.values())
    return made
