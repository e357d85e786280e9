"""The store: tables, queries and migrations on SQLite or PostgreSQL; every arrow between stages is a row."""
