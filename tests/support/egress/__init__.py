"""Nothing in the product may open a connection except the guard: watched in every test, libraries included.

:mod:`tests.support.egress.sitecustomize` holds the hook. This process installs it; servers and commands that tests
start as processes of their own find it on their path and write what they see to a file that the test looks at.
"""
