"""Every duty of the product: which service handles what is due, and how often. Holds no rule.

One function a duty, registered here and nowhere else; to add one, add a function. `tick`: one transaction of at most `limit` rows.
`round_of`: computes long or uses the network between transactions of its own.
"""

from __future__ import annotations
