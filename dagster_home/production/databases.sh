#!/bin/sh
# Run once by the PostgreSQL container when its volume is empty: a database and an owner for each of the two.
set -eu
psql -v ON_ERROR_STOP=1 -U postgres -v crm="$CRM_PASSWORD" -v dagster="$DAGSTER_PASSWORD" <<'SQL'
CREATE ROLE kundekort LOGIN CREATEROLE PASSWORD :'crm';
CREATE DATABASE kundekort OWNER kundekort;
CREATE ROLE dagster LOGIN PASSWORD :'dagster';
CREATE DATABASE dagster OWNER dagster;
SQL
