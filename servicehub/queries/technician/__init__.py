"""What a technician's screens read: one module a screen, each filtered by the acting technician in SQL."""
