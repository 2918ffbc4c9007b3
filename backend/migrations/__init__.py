"""The database's changes, in order; run by `backend.database.open_database`."""
