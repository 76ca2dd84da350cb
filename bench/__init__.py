"""Treadle measured side by side with what one would use instead. Run it: ``make bench`` or ``make bench-quick``."""
