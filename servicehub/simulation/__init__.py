"""One day of a city, played through the real matching: to compare policies before people live by them.

`scenario` draws the day, `day` plays it under a policy, `compare` sets policies side by side, `pictures` draws them.
"""
