"""The same diagnosis in JavaScript: for the npm package ``treadle-diagnosis`` and for the guide's static pages.

The rules of reading are written once more in ``js/src``; what is data stays in one place. Catalogue, regular
expressions and word lists are taken from the Python modules (:mod:`.tables`, :mod:`.expressions`) whenever
:func:`bundle` puts a file together, and :mod:`.conformance` holds the two to the same answers.
"""
