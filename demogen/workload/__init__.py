"""The run, without Locust: a scenario's schedule and mix, played by one thin actor, measured and handed on.

Knows how plan, client, record and audit become a run; knows no Locust, no command line and no screen.
"""
