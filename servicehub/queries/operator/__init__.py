"""What the operators' screens read: filtered by the actor's city (and districts) in SQL, written in the viewer's language."""
