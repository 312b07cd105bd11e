"""ServiceHub: the open platform on which a local company sells services at the customer's door."""
