-- Run once in a new PostgreSQL server as its superuser. One statement a line: a server in single-user mode reads it so.
-- The nodes' role owns its database, and may end the connections of a node that was declared dead.
CREATE ROLE "${DATABASE}" LOGIN;
GRANT pg_signal_backend TO "${DATABASE}";
CREATE DATABASE "${DATABASE}" OWNER "${DATABASE}";
