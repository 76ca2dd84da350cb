"""Treadle simulated: the real engine, rules and store on simulated time, queue, network and a Threads in memory.

One seed is one history. ``docs/simulation.md`` explains it; ``python -m simulation --help`` runs it.
"""
