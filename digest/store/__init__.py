"""The only place that speaks SQL: SQLite by default, PostgreSQL when readers outgrow it."""
