"""What the customers' screens read: one function for each screen or part of one, filtered by the actor in SQL.

Strangers read as `ANONYMOUS` and see the catalogue of the installation's city. Contact data leave here for their owner only.
"""
