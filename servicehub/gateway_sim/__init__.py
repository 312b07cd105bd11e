"""Stands in for payment platforms while nothing is real: speaks the wire formats of WeChat Pay (API v3),
Alipay and Stripe.

Requests are checked and answers signed as the platforms do it, with keys of its own, so that the code of production talks
to it; only the address differs. Never in production: whoever reaches it can say that a payment was made.
"""
