"""Tables in databases: SQLite and PostgreSQL, through ADBC."""
