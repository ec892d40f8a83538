"""A database that cannot be used is said in one line that names the variable, and never the password."""

from __future__ import annotations

import pytest

from pipelines.store.engines import DatabaseError, check_connection, make_engine, psycopg_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://kundekort:hemmelig-ord@127.0.0.1:9/kundekort",
        "postgres://kundekort:hemmelig-ord@127.0.0.1:9/kundekort?nonsense=1",
        "postgresql+asyncpg://kundekort:hemmelig-ord@127.0.0.1:9/kundekort?ssl=require",
        "postgresql+psycopg2://kundekort:hemmelig-ord@127.0.0.1:9/kundekort?sslmode=nonsense",
    ],
)
def test_a_url_that_does_not_work_is_one_line_without_the_password(url: str) -> None:
    engine = make_engine(psycopg_url(url))
    with pytest.raises(DatabaseError) as caught:
        check_connection(engine, "CRM_DATABASE_URL")
    assert str(caught.value).startswith("CRM_DATABASE_URL: ")
    assert "\n" not in str(caught.value)
    assert "hemmelig-ord" not in str(caught.value)
