"""Proof by destruction: the application with real channels and a real job engine, killed again and again while money moves.

`storm` is the measurement; `shop` the process that is killed, `fuses` where it dies and what is broken in it on purpose, `crowd`
who pays meanwhile, `proofs` what has to hold afterwards.
"""
