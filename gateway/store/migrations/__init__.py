"""Alembic's migrations, packaged with the store."""
